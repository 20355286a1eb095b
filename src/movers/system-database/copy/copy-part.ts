import type { Clock } from '../../../base/clock.ts'
import type { CopiedPart, CopyPart, MoveRequest } from '../../../ports/system-database.ts'
import { TupleWriter } from '../../../wire/postgres/tuple-writer.ts'
import { findDangling } from '../assess.ts'
import { openSource } from '../open-source.ts'
import { PostgresTarget } from '../postgres-target.ts'
import { PhaseProgress } from '../progress.ts'
import { planMoves } from '../table-move.ts'
import { claimPart } from './claim-target.ts'
import { copyRange } from './copy-range.ts'
import { findEarlierRun, planDigest } from './earlier-run.ts'
import { type CopyLimits, planAgain } from './plan-ranges.ts'
import { openTargets } from './target-sessions.ts'

/**
 * See `SystemDatabaseMover.copyPart`.
 *
 * Its snapshot is its own, so what it reads of orphans and of rows may be another moment's than its siblings': `copy` finds that when it
 * reads the part again.
 */
export async function copyPart(
  request: MoveRequest,
  part: CopyPart,
  clock: Clock,
  limits: CopyLimits,
): Promise<CopiedPart> {
  const { decisions, onProgress, signal } = request
  const source = await openSource(request.source, signal)
  const opened: { close(): unknown }[] = [source]
  try {
    const { session } = source
    const first = await PostgresTarget.open(request.target, signal)
    opened.push(first)
    const { targets } = await openTargets(first, 1, request, signal)
    opened.push(...targets)
    const [target] = targets
    if (target === undefined) throw new Error('bug: no session to write with')
    await claimPart(target, part)
    await session.beginSnapshot()
    const { catalog, schema } = await source.readSchema()
    const moves = planMoves(catalog, schema, session.dialect)
    const move = moves.find(({ name }) => name === part.table)
    const earlier = await findEarlierRun(target, planDigest(moves, request))
    const states = earlier?.ranges.get(part.table) ?? []
    const state = states.find(({ range }) => range.number === part.range)
    // The copy is over, or another one has begun: nobody needs this part any more.
    if (move === undefined || state === undefined) return { ...part, rows: 0, complete: false }
    if (state.complete) return { ...part, rows: state.sent.rows, complete: true }
    const dangling = await findDangling([session], moves, decisions, clock, () => undefined)
    const { key } = planAgain(move, states)
    const halt = { halted: false }
    const progress = new PhaseProgress('copy', [move.source], clock, onProgress).begin(
      move.name,
      move.source.estimatedRows,
    )
    await target.query('BEGIN', `beginning a part of ${move.name}`)
    const work = { move, key, rules: { decisions, dangling }, progress, halt, spare: () => null }
    await copyRange({ source: session, target, out: new TupleWriter() }, work, state, {
      frozen: false,
      chunkBytes: limits.chunkBytes,
    })
    if (halt.halted) return { ...part, rows: 0, complete: false }
    await target.query('COMMIT', `committing a part of ${move.name}`)
    progress.end()
    return { ...part, rows: state.sent.rows, complete: true }
  } finally {
    await Promise.all(opened.map((each) => each.close()))
  }
}
