import { Secret } from '../../base/secret.ts'
import { makeCertificate } from '../../base/self-made-certificate.ts'
import type { EpochMs } from '../../base/clock.ts'
import type { Migration } from '../../model/migration.ts'
import type { RowId } from '../../model/row-id.ts'
import { defaultAddonValues, installRhoam } from '../../simulator/controllers/world/install-rhoam.ts'
import { writeSecret } from '../../simulator/controllers/workloads/secrets.ts'
import type { RehearsalCluster } from './clusters.ts'

const identityProvider = 'customer-idp'
const dayMs = 86_400_000

interface Work {
  readonly migration: Migration
  readonly destination: RehearsalCluster
  readonly now: EpochMs
}

/** By row: what a person does there, outside our reach. */
export const hands: Readonly<Partial<Record<RowId, (work: Work) => void>>> = {
  'destination-idp': ({ destination: { manager } }) => {
    const { view } = manager
    view.change({ resource: 'oauths.config.openshift.io', name: 'cluster' }, (draft) => {
      Object.assign(draft, { spec: { identityProviders: [{ name: identityProvider, type: 'OpenID' }] } })
    })
    view.ensure({ apiVersion: 'user.openshift.io/v1', kind: 'User', metadata: { name: 'alice' } })
    view.ensure({
      apiVersion: 'user.openshift.io/v1',
      kind: 'Identity',
      metadata: { name: `${identityProvider}:alice` },
      providerName: identityProvider,
      providerUserName: 'alice',
      user: { name: 'alice' },
    })
  },
  'custom-domain': ({ migration, destination, now }) => {
    const { view } = destination.manager
    const domain = migration.destination.customDomain ?? ''
    const secret = { namespace: 'openshift-ingress', name: 'custom-domain-certificate' }
    const { key, certificate } = makeCertificate([`*.${domain}`], { from: now - dayMs, until: now + dayMs })
    view.ensure({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: secret.namespace } })
    writeSecret(view, {
      ...secret,
      values: new Map([
        ['tls.key', new Secret(key)],
        ['tls.crt', new Secret(certificate)],
      ]),
    })
    view.ensure({
      apiVersion: 'managed.openshift.io/v1alpha1',
      kind: 'CustomDomain',
      metadata: { name: 'customer' },
      spec: { domain, certificate: secret, scope: 'External' },
    })
  },
  'rhoam-install': ({ migration, destination }) => {
    const { customDomain } = migration.destination
    installRhoam(destination.cluster.store, {
      ...defaultAddonValues,
      ...(customDomain === undefined ? {} : { 'custom-domain_domain': new Secret(customDomain) }),
    })
  },
}
