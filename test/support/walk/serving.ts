import type { PlanRow } from '../../../src/model/plan.ts'
import { askAll, type Baseline, differencesBetween } from '../../../src/steps/baseline.ts'
import { apiManagerOf, placeOf } from '../../../src/steps/places.ts'
import type { Walk } from './walk.ts'

const { signal } = new AbortController()

/** What the source answers now: every tenant's API, and the backend's decisions on calls. */
export async function askSource(walk: Walk, askedAt = walk.world.worldClock.now()): Promise<Baseline> {
  const { migration } = walk.world
  const tools = walk.tools.get('customer')
  const [row] = walk.rows
  if (tools === undefined || row === undefined) throw new Error('nobody to ask')
  const about: PlanRow = row
  const context = { migration, row: about, facts: {}, generation: 1, fence: 1, signal, onProgress: () => undefined }
  const at = await placeOf(tools, context, 'source')
  const { spec } = await apiManagerOf(at)
  const tenants = await tools.threescaleDatabase.tenants(await tools.database(migration.source.database.url), {
    signal,
  })
  return askAll(tenants, { tools, at, askedAt, backendLabel: `backend-${spec.tenantName}`, onTenant: () => undefined })
}

/** Where the source does not serve as it did, a sentence each: answers of its APIs, and decisions of its backend. */
export async function notServed(walk: Walk, before: Baseline): Promise<readonly string[]> {
  const after = await askSource(walk, before.askedAt)
  const decisions = after.tenants.flatMap(({ services }) => services.flatMap((service) => service.decisions))
  return [
    ...differencesBetween(before, after),
    ...(decisions.length > 0 ? [] : ['the backend was asked for no decision']),
  ]
}
