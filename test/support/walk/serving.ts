import assert from 'node:assert/strict'
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

/** Throws unless the source serves as it did: the same answers, decisions of its backend included. */
export async function assertServes(walk: Walk, before: Baseline): Promise<void> {
  const after = await askSource(walk, before.askedAt)
  assert.deepEqual(differencesBetween(before, after), [], 'the source answers as before')
  const decisions = after.tenants.flatMap(({ services }) => services.flatMap((service) => service.decisions))
  assert.ok(
    decisions.some(({ decision }) => decision.startsWith('authorized')),
    'calls are let through',
  )
}
