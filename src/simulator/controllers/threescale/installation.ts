import type { Release } from '../../../model/release.ts'
import { isAtLeast } from '../../../model/release.ts'
import { type Workload, workloadsOf } from '../../../threescale/workloads.ts'
import { readPath } from '../../cluster/read-path.ts'
import type { ApiManager } from './shapes.ts'

export type DatabaseName = 'system-database' | 'system-redis' | 'backend-redis' | 'zync-database'

/** True when the APIManager says that somebody else runs this database. 2.11 has one switch for the first three. */
export function isExternal({ spec }: ApiManager, release: Release, database: DatabaseName): boolean {
  if (!isAtLeast(release, '2.12')) {
    const { enabled = false, externalZyncDatabaseEnabled = false } = spec.highAvailability ?? {}
    return enabled && (database !== 'zync-database' || externalZyncDatabaseEnabled)
  }
  const { system, backend, zync } = spec.externalComponents ?? {}
  const external = {
    'system-database': system?.database,
    'system-redis': system?.redis,
    'backend-redis': backend?.redis,
    'zync-database': zync?.database,
  }
  return external[database] === true
}

/** The workloads that this APIManager has in this release. */
export function expectedWorkloads(apiManager: ApiManager, release: Release): readonly Workload[] {
  return workloadsOf(release).filter(({ presence }) => {
    const hasZync = !isAtLeast(release, '2.16') || apiManager.spec.zync?.enabled !== false
    if (presence.kind === 'always') return true
    if (presence.kind === 'zync-enabled') return hasZync
    const { database } = presence
    if (database === 'zync-database') return hasZync && !isExternal(apiManager, release, database)
    if (database === 'system-redis' || database === 'backend-redis') return !isExternal(apiManager, release, database)
    const isPostgres = apiManager.spec.system?.database?.postgresql !== undefined
    return (database === 'system-postgresql') === isPostgres && !isExternal(apiManager, release, 'system-database')
  })
}

/** The replica count that the APIManager names for a workload; undefined when it names none. */
export function namedReplicas(apiManager: ApiManager, { replicasAt }: Workload): number | undefined {
  const named = replicasAt === null ? undefined : readPath(apiManager, replicasAt)
  return typeof named === 'number' ? named : undefined
}

export const tenantNameOf = ({ spec }: ApiManager): string => spec.tenantName ?? '3scale'
export const appLabelOf = ({ spec }: ApiManager): string => spec.appLabel ?? '3scale-api-management'

/** The hosts that must be admitted before the APIManager is Available. */
export function expectedHosts(apiManager: ApiManager): readonly string[] {
  const [tenant, domain] = [tenantNameOf(apiManager), apiManager.spec.wildcardDomain]
  const labels = [
    `backend-${tenant}`,
    `api-${tenant}-apicast-production`,
    `api-${tenant}-apicast-staging`,
    'master',
    tenant,
    `${tenant}-admin`,
  ]
  return labels.map((label) => `${label}.${domain}`)
}
