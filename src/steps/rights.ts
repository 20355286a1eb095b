import type { Migration } from '../model/migration.ts'
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

/** In the namespaces of RHOAM: what rows 13 to 22 do there. */
const inRhoam: readonly Rule[] = [
  { group: '', resources: ['secrets'], verbs: [...change, 'delete'] },
  { group: '', resources: ['pods'], verbs: [...read, 'create', 'delete'] },
  { group: '', resources: ['pods/exec'], verbs: ['create', 'get'] },
  { group: '', resources: ['pods/log'], verbs: ['get'] },
  { group: 'apps', resources: ['deployments'], verbs: [...read, 'patch'] },
  { group: 'apps', resources: ['deployments/scale'], verbs: ['get', 'patch', 'update'] },
  { group: 'apps.openshift.io', resources: ['deploymentconfigs'], verbs: [...read, 'patch'] },
  { group: 'apps.openshift.io', resources: ['deploymentconfigs/scale'], verbs: ['get', 'patch', 'update'] },
  { group: 'batch', resources: ['jobs'], verbs: [...read, 'create', 'delete'] },
  { group: 'route.openshift.io', resources: ['routes'], verbs: read },
  { group: 'apps.3scale.net', resources: ['apimanagers'], verbs: read },
  { group: 'integreatly.org', resources: ['rhmis', 'postgres', 'redis'], verbs: read },
  { group: 'integreatly.org', resources: ['redis'], verbs: ['patch'] },
  { group: 'integreatly.org', resources: ['postgressnapshots', 'redissnapshots'], verbs: change },
  { group: 'keycloak.org', resources: ['keycloakclients'], verbs: [...change, 'delete'] },
]

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

export const destinationRights = { inRhoam, ofCluster } as const

/** The namespaces of RHOAM that rows work in. */
export function destinationNamespaces(migration: Migration): readonly string[] {
  return Object.values(rhoamNamespaces(migration))
}

/** Every right that the rows at the destination need, as a question to its cluster. */
export function destinationQuestions(migration: Migration): readonly AccessQuestion[] {
  return [...ask(ofCluster), ...destinationNamespaces(migration).flatMap((namespace) => ask(inRhoam, namespace))]
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
