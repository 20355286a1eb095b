import { Secret } from '../../../base/secret.ts'
import type { KubeObject } from '../../cluster/kube-object.ts'
import { withCondition } from '../engine/conditions.ts'
import { type Controller, keyOf, splitKey } from '../engine/controller.ts'
import { Random } from '../../source-world/random.ts'
import { writeSecret } from '../workloads/secrets.ts'
import { keycloakClients } from './names.ts'
import type { CustomDomain, KeycloakClient } from './shapes.ts'

const realms = 'keycloakrealms.keycloak.org'

/**
 * The Keycloak operator's clients: ready, with an id and a secret, once a realm has the labels that they select; without
 * one they never are.
 */
export const keycloakClientOperator: Controller = {
  name: 'keycloakclients',
  watches: {
    [keycloakClients]: (client) => [keyOf(client)],
    [realms]: (_realm, view) => view.list(keycloakClients).map(keyOf),
  },
  reconcile: (key, context) => {
    const { namespace, name } = splitKey(key)
    const client = context.view.get<KeycloakClient>(keycloakClients, namespace, name)
    if (client === undefined || client.metadata.deletionTimestamp !== undefined) return null
    const labels = client.spec.realmSelector?.matchLabels ?? {}
    if (context.view.list(realms, undefined, labels).length === 0) return null
    const wait = context.remaining(client, 'creating', context.timings.keycloakClient)
    if (wait > 0) return wait
    const { clientId } = client.spec.client
    const random = new Random(1, client.metadata.uid)
    const values = new Map([
      ['CLIENT_ID', new Secret(clientId)],
      ['CLIENT_SECRET', new Secret(random.uuid())],
    ])
    writeSecret(context.view, { namespace, name: `keycloak-client-secret-${clientId}`, values })
    context.view.change<KeycloakClient>({ resource: keycloakClients, namespace, name }, (draft) => {
      draft.spec.client.id ??= random.uuid()
      draft.status = { ready: true }
    })
    return null
  },
}

/** Custom domains: NotReady until the certificate's secret is there and the ingress has been made for it. */
export const customDomainOperator: Controller = {
  name: 'customdomains',
  watches: {
    'customdomains.managed.openshift.io': (domain) => [keyOf(domain)],
    secrets: (_secret, view) => view.list('customdomains.managed.openshift.io').map(keyOf),
  },
  reconcile: (name, context) => {
    const resource = 'customdomains.managed.openshift.io'
    const domain = context.view.get<CustomDomain>(resource, undefined, name)
    if (domain === undefined || domain.metadata.deletionTimestamp !== undefined) return null
    const { certificate } = domain.spec
    const found = context.view.get<KubeObject>('secrets', certificate.namespace, certificate.name) !== undefined
    const wait = found ? context.remaining(domain, 'creating', context.timings.customDomain) : null
    const isReady = wait === 0
    context.view.change<CustomDomain>({ resource, name }, (draft) => {
      const missing = { type: 'SecretNotFound', status: found ? ('False' as const) : ('True' as const) }
      draft.status = {
        state: isReady ? 'Ready' : 'NotReady',
        ...(isReady
          ? { endpoint: `${name}.endpoint.${domain.spec.domain}`, dnsRecord: `*.${name}.${domain.spec.domain}` }
          : {}),
        conditions: withCondition(draft.status?.conditions, missing, context),
      }
    })
    return wait === 0 ? null : wait
  },
}
