import { compareVersions } from '../../../model/migration.ts'
import { isAtLeast } from '../../../model/release.ts'
import { type DatabaseFloor, type Hop, hops, versionAnnotations } from '../../../threescale/hops.ts'
import type { Secret } from '../../../base/secret.ts'
import { withCondition } from '../engine/conditions.ts'
import type { Context } from '../engine/controller.ts'
import { type OperatorCondition, resources } from '../olm/shapes.ts'
import type { RedisVersions, SystemDatabaseHooks } from '../ports.ts'
import { secretValues } from '../workloads/secrets.ts'
import { isExternal } from './installation.ts'
import type { RunningOperator } from './running-operator.ts'
import { type ApiManager, apiManagers } from './shapes.ts'

/** Since 2.15: says for which version of the operator the requirements were found to hold. */
export const confirmedAnnotation = 'apps.3scale.net/apimanager-confirmed-requirements-version'

export interface PreflightPorts {
  readonly hooks: SystemDatabaseHooks
  readonly redis: RedisVersions
}

/**
 * Whether the operator may go on. Where it may not, the condition Preflights says why, and OLM is told not to upgrade.
 *
 * Once it may, it is not asked again for this version. Operators before 2.15 ask nothing.
 */
export async function passesPreflights(
  apiManager: ApiManager,
  operator: RunningOperator,
  ports: PreflightPorts,
  context: Context,
): Promise<boolean> {
  if (!isAtLeast(operator.release, '2.15') || operator.skipsPreflights) return true
  const { namespace = '', name, annotations = {} } = apiManager.metadata
  if (annotations[confirmedAnnotation] === operator.version) return true
  const problem = await problemOf(apiManager, operator, ports, context)
  const status = problem === null ? ('True' as const) : ('False' as const)
  const message = problem ?? 'all requirements for the current version are met'
  context.view.change<ApiManager>({ resource: apiManagers, namespace, name }, (draft) => {
    const conditions = withCondition(draft.status?.conditions, { type: 'Preflights', status, message }, context)
    draft.status = { ...draft.status, conditions }
    if (problem === null) {
      draft.metadata.annotations = { ...draft.metadata.annotations, [confirmedAnnotation]: operator.version }
    }
  })
  tellOlm(operator, status, context)
  return problem === null
}

async function problemOf(
  apiManager: ApiManager,
  operator: RunningOperator,
  ports: PreflightPorts,
  context: Context,
): Promise<string | null> {
  const { namespace = '', annotations = {} } = apiManager.metadata
  const from = annotations[versionAnnotations.threescale]
  if (from !== undefined && Math.abs(minorOf(from) - minorOf(operator.release)) > 1) {
    return `attempted upgrade from ${from} to ${operator.release} not allowed`
  }
  if (isAtLeast(operator.release, '2.16')) {
    const databases = ['system-redis', 'system-database', 'backend-redis'] as const
    if (!databases.every((database) => isExternal(apiManager, operator.release, database))) {
      return 'cannot continue with the installation. External databases are required'
    }
  }
  const hop: Hop | undefined = hops.find(({ to }) => to === operator.release)
  for (const floor of hop?.needs.filter(({ checkedBy }) => checkedBy === 'operator') ?? []) {
    const problem = await belowFloor(floor, namespace, ports, context)
    if (problem !== null) return problem
  }
  return null
}

function minorOf(version: string): number {
  return Number(version.split('.')[1])
}

async function belowFloor(
  { database, atLeast }: DatabaseFloor,
  namespace: string,
  { hooks, redis }: PreflightPorts,
  context: Context,
): Promise<string | null> {
  const { view, signal } = context
  const says = (found: string) => `${database} is ${found}, and ${atLeast} is required`
  if (database === 'system-redis' || database === 'backend-redis') {
    const values = secretValues(view, namespace, database)
    const urls = database === 'system-redis' ? ['URL'] : ['REDIS_STORAGE_URL', 'REDIS_QUEUES_URL']
    for (const url of urls.map((key) => values?.get(key))) {
      const version = url === undefined ? null : await redis.versionOf(url, signal)
      if (version === null) return says('not reachable')
      if (compareVersions(version, atLeast) < 0) return says(version)
    }
    return null
  }
  const url = secretValues(view, namespace, 'system-database')?.get('URL')
  if (url === undefined || isOracle(url)) return null
  const found = await hooks.inspect(url, signal)
  if (found.kind === 'unreachable') return says(`not reachable: ${found.reason}`)
  const isOther = found.engine !== database
  return isOther || compareVersions(found.version, atLeast) >= 0 ? null : says(found.version)
}

/** Oracle's version is not looked at. */
function isOracle(url: Secret): boolean {
  return url.reveal('tell its scheme').startsWith('oracle-enhanced:')
}

function tellOlm({ namespace, csv }: RunningOperator, status: 'True' | 'False', context: Context): void {
  const reason = status === 'True' ? 'RequirementsConfirmed' : 'PreflightsFailed'
  context.view.ensure({
    apiVersion: 'operators.coreos.com/v2',
    kind: 'OperatorCondition',
    metadata: { namespace, name: csv },
    spec: { conditions: [] },
  })
  context.view.change<OperatorCondition>({ resource: resources.operatorConditions, namespace, name: csv }, (draft) => {
    const conditions = withCondition(draft.spec?.conditions, { type: 'Upgradeable', status, reason }, context)
    draft.spec = { ...draft.spec, conditions }
  })
}
