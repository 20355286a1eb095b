import type { CopyPart, MoveRequest } from '../../../ports/system-database.ts'
import { openSource } from '../open-source.ts'
import { PostgresTarget } from '../postgres-target.ts'
import { readPostgresCatalog } from '../schema/read-postgres-catalog.ts'
import { planMoves } from '../table-move.ts'
import { beginCopy } from './begin-copy.ts'
import { claimTarget } from './claim-target.ts'
import { findEarlierRun, planDigest } from './earlier-run.ts'
import { type CopyLimits, planAgain, planTable, type TablePlan } from './plan-ranges.ts'
import { makeTable } from './table-jobs.ts'

/** See `SystemDatabaseMover.divide`. The claim ends with it: the parts are filled under no claim, and `copy` ends who still fills one. */
export async function divideCopy(request: MoveRequest, limits: CopyLimits): Promise<readonly CopyPart[]> {
  const source = await openSource(request.source, request.signal)
  const opened: { close(): unknown }[] = [source]
  try {
    const { session } = source
    const target = await PostgresTarget.open(request.target, request.signal)
    opened.push(target)
    await source.refuseAsTarget(target)
    await session.beginSnapshot()
    const { catalog, schema } = await source.readSchema()
    const moves = planMoves(catalog, schema, session.dialect)
    const plan = planDigest(moves, request)
    const earlier = await findEarlierRun(target, plan)
    const plans: TablePlan[] = []
    for (const move of moves) {
      const states = earlier?.ranges.get(move.name)
      const known = states === undefined ? null : planAgain(move, states)
      const made = known ?? (await planTable(session, move, request.streams, limits))
      if (made.how === 'ranges') plans.push(made)
    }
    if (plans.length === 0) return []
    const claim = await claimTarget(target, schema, request)
    await beginCopy(
      target,
      claim,
      { source: request.source, snapshot: session.snapshot, position: null, plan },
      earlier,
    )
    const there = await readPostgresCatalog(target)
    const isThere = new Set(there.tables.map(({ name }) => name))
    const parts: CopyPart[] = []
    for (const { move, ...rest } of plans) {
      const isNew = earlier?.ranges.has(move.name) !== true
      // Given up by an earlier run: `copy` takes it back first, and fills it by itself.
      if (isNew && earlier !== null && isThere.has(move.name)) continue
      if (isNew) await makeTable(target, { create: claim.create, there }, { move, ...rest })
      const missing = rest.states.filter(({ complete }) => !complete)
      parts.push(...missing.map(({ range }) => ({ table: move.name, range: range.number })))
    }
    return parts
  } finally {
    await Promise.all(opened.map((each) => each.close()))
  }
}
