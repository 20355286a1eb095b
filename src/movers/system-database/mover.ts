import type { Clock } from '../../base/clock.ts'
import type { AssessReport, MoveRequest, SystemDatabaseMover } from '../../ports/system-database.ts'
import { assess } from './assess.ts'
import { isDecided } from './values/findings.ts'
import { copyPart } from './copy/copy-part.ts'
import { copySystemDatabase } from './copy/copy.ts'
import { divideCopy } from './copy/divide-copy.ts'
import { type CopyLimits, usualLimits } from './copy/plan-ranges.ts'
import { openSource } from './open-source.ts'
import { planMoves } from './table-move.ts'
import { verifySystemDatabase } from './verify/verify.ts'

/** The mover that reads real servers. `limits` are for tests and measurements. */
export function systemDatabaseMover(clock: Clock, limits: CopyLimits = usualLimits): SystemDatabaseMover {
  return {
    assess: (request) => assessSystemDatabase(request, clock),
    copy: (request) => copySystemDatabase(request, clock, limits),
    divide: (request) => divideCopy(request, limits),
    copyPart: (request, part) => copyPart(request, part, clock, limits),
    verify: (request) => verifySystemDatabase(request, clock),
  }
}

async function assessSystemDatabase(
  request: Pick<MoveRequest, 'source' | 'decisions' | 'onProgress' | 'signal'>,
  clock: Clock,
): Promise<AssessReport> {
  const source = await openSource(request.source, request.signal)
  try {
    const { session } = source
    await session.beginSnapshot()
    const { catalog, schema, notes } = await source.readSchema()
    const moves = planMoves(catalog, schema, session.dialect)
    const { findings, tables } = await assess(session, moves, request.decisions, clock, request.onProgress)
    return {
      verdict: findings.length === 0 ? 'clean' : findings.every(isDecided) ? 'decided' : 'undecided',
      source: catalog.facts,
      tables,
      findings,
      notes,
    }
  } finally {
    await source.close()
  }
}
