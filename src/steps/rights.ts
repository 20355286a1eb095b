import type { Migration } from '../model/migration.ts'
import type { AccessLevel } from '../model/party.ts'
import type { AccessQuestion } from '../ports/cluster.ts'
import { rhoamNamespaces } from './places.ts'

/** What may be done with which resources of one group, in one kind of namespace. */
interface Rule {
  readonly group: string
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const read = ['get', 'list', 'watch']
const change = [...read, 'create', 'update', 'patch']

/** What rows 17 to 22 do in the namespaces of RHOAM, which are the vendor's at every access level. */
const ofEveryLevel: readonly Rule[] = [
  { group: '', resources: ['secrets'], verbs: [...change, 'delete'] },
  { group: '', resources: ['pods'], verbs: read },
  { group: '', resources: ['pods/exec'], verbs: ['create', 'get'] },
  { group: 'apps', resources: ['deployments'], verbs: read },
  { group: 'apps', resources: ['deployments/scale'], verbs: ['get', 'patch', 'update'] },
  { group: 'route.openshift.io', resources: ['routes'], verbs: read },
  { group: 'apps.3scale.net', resources: ['apimanagers'], verbs: read },
  { group: 'integreatly.org', resources: ['rhmis', 'postgres', 'redis'], verbs: read },
  { group: 'keycloak.org', resources: ['keycloakclients'], verbs: [...change, 'delete'] },
]

/** What rows 13, 15 and 16 need besides: workloads, throwaway pods and snapshots of the database. */
const ofData: readonly Rule[] = [
  { group: '', resources: ['pods'], verbs: ['create', 'delete'] },
  { group: '', resources: ['pods/log'], verbs: ['get'] },
  { group: 'apps', resources: ['deployments'], verbs: ['patch'] },
  { group: 'apps.openshift.io', resources: ['deploymentconfigs'], verbs: [...read, 'patch'] },
  { group: 'apps.openshift.io', resources: ['deploymentconfigs/scale'], verbs: ['get', 'patch', 'update'] },
  { group: 'batch', resources: ['jobs'], verbs: [...read, 'create', 'delete'] },
  { group: 'integreatly.org', resources: ['postgressnapshots'], verbs: change },
]

/** What row 14 needs besides. */
const ofRedis: readonly Rule[] = [{ group: 'integreatly.org', resources: ['redis'], verbs: ['patch'] }]

/** In the namespaces of RHOAM: no more than the rows that the vendor has at this access level. */
const inRhoam: Readonly<Record<AccessLevel, readonly Rule[]>> = {
  limited: [...ofEveryLevel, ...ofData, ...ofRedis],
  'extended-limits': [...ofEveryLevel, ...ofData],
  'no-access': ofEveryLevel,
}

/** Of the whole cluster: which one it is. */
const ofCluster: readonly Rule[] = [{ group: 'config.openshift.io', resources: ['infrastructures'], verbs: ['get'] }]

/** As a Role or ClusterRole has them. */
export function roleRules(rules: readonly Rule[]) {
  return rules.map(({ group, resources, verbs }) => ({
    apiGroups: [group],
    resources: [...resources],
    verbs: [...verbs],
  }))
}

/** What the vendor's user is granted in RHOAM's namespaces, and in the whole cluster. */
export function destinationRights({ accessLevel }: Migration) {
  return { inRhoam: inRhoam[accessLevel], ofCluster } as const
}

/** The namespaces of RHOAM that rows work in. */
export function destinationNamespaces(migration: Migration): readonly string[] {
  return Object.values(rhoamNamespaces(migration))
}

/** Every right that the rows at the destination need, as a question to its cluster. */
export function destinationQuestions(migration: Migration): readonly AccessQuestion[] {
  const rights = destinationRights(migration)
  return [
    ...ask(rights.ofCluster),
    ...destinationNamespaces(migration).flatMap((namespace) => ask(rights.inRhoam, namespace)),
  ]
}

function ask(rules: readonly Rule[], namespace?: string): readonly AccessQuestion[] {
  return rules.flatMap(({ group, resources, verbs }) =>
    resources.flatMap((name) => {
      const [resource = '', subresource] = name.split('/')
      return verbs.map((verb) => ({
        verb,
        group,
        resource,
        ...(subresource === undefined ? {} : { subresource }),
        ...(namespace === undefined ? {} : { namespace }),
      }))
    }),
  )
}
