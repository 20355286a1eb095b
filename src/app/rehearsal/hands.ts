import { putFile, type RehearsedAccount } from '../../adapters/aws/rehearsal-rhoam.ts'
import { Secret } from '../../base/secret.ts'
import { makeCertificate } from '../../base/self-made-certificate.ts'
import type { EpochMs } from '../../base/clock.ts'
import type { Migration } from '../../model/migration.ts'
import type { RowId } from '../../model/row-id.ts'
import { defaultAddonValues, installRhoam } from '../../simulator/controllers/world/install-rhoam.ts'
import { namespaces } from '../../simulator/controllers/rhoam/names.ts'
import { secretValues, writeSecret } from '../../simulator/controllers/workloads/secrets.ts'
import type { RehearsalCluster } from './clusters.ts'

const identityProvider = 'customer-idp'
const dayMs = 86_400_000

interface Work {
  readonly migration: Migration
  readonly destination: RehearsalCluster
  /** The customer's, where RHOAM's bucket is. */
  readonly account: RehearsedAccount
  readonly now: EpochMs
}

/** By row: what a person does there, outside our reach. */
export const hands: Readonly<Partial<Record<RowId, (work: Work) => void | Promise<void>>>> = {
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
  'file-storage': async ({ destination, account }) => {
    const secret = secretValues(destination.manager.view, namespaces.threescale, 's3-credentials')
    const bucket = secret?.get('AWS_BUCKET')?.reveal('name a bucket') ?? ''
    await putFile(account, { bucket, key: 'acme/2024/01/31/logo.png' }, Buffer.from('a picture'), 'image/png')
  },
  'rhoam-install': ({ migration, destination }) => {
    const { customDomain } = migration.destination
    installRhoam(destination.cluster.store, {
      ...defaultAddonValues,
      ...(customDomain === undefined ? {} : { 'custom-domain_domain': new Secret(customDomain) }),
    })
  },
}
