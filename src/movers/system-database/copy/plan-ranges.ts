import type { SourceSession } from '../source-session.ts'
import type { TableMove } from '../table-move.ts'
import { divide, isWholeNumber, orderedKey, wholeTable } from './key-range.ts'
import { newRange, type RangeState } from './range-ledger.ts'

/** One table's part of a copy. */
export interface TablePlan {
  readonly move: TableMove
  /** Positions of the key that ranges are read by; empty for a table that goes as a whole. */
  readonly key: readonly number[]
  /**
   * `whole`: made, filled, indexed and committed in one transaction. `ranges`: made first, then filled by as many streams
   * as there are ranges, a chunk a transaction.
   */
  readonly how: 'whole' | 'ranges'
  readonly states: readonly RangeState[]
}

/** How a copy is divided; how much is done again after it was cut off, and how many transactions it takes. */
export interface CopyLimits {
  /** Up to here, by the source's estimate, a table is one job, indexes and all. 8 MiB. */
  readonly smallTableBytes: number
  /**
   * Up to here a table is filled in one transaction: quickly copied again (some ten seconds), and written frozen (no later
   * pass over its rows, keys validated faster). 1 GiB.
   */
  readonly wholeTableBytes: number
  /** A larger table becomes as many ranges as it has this many bytes, and at least one for each stream. 1 GiB. */
  readonly rangeBytes: number
  /** A range is committed whenever so many bytes of it are in. 64 MiB. */
  readonly chunkBytes: number
}

export const usualLimits: CopyLimits = {
  smallTableBytes: 8 * 1024 ** 2,
  wholeTableBytes: 1024 ** 3,
  rangeBytes: 1024 ** 3,
  chunkBytes: 64 * 1024 ** 2,
}

const mostRanges = 64

/** The plan that an earlier run has made for a table. */
export function planAgain(move: TableMove, states: readonly RangeState[]): TablePlan {
  const keyed = states.some((state) => state.keyed)
  return { move, key: keyed ? orderedKey(move) : [], how: keyed ? 'ranges' : 'whole', states }
}

/** Decides how a table is divided. Reads nothing but the ends of its key. */
export async function planTable(
  source: SourceSession,
  move: TableMove,
  streams: number,
  limits: CopyLimits,
): Promise<TablePlan> {
  const key = orderedKey(move)
  const bytes = move.source.estimatedBytes
  if (key.length === 0 || bytes <= limits.wholeTableBytes)
    return { move, key: [], how: 'whole', states: [newRange(wholeTable, false)] }
  const parts = Math.min(mostRanges, Math.max(streams, Math.ceil(bytes / limits.rangeBytes)))
  const ranges = isWholeNumber(move, key) ? await divided(source, move, key, parts) : [wholeTable]
  return { move, key, how: 'ranges', states: ranges.map((range) => newRange(range, true)) }
}

async function divided(source: SourceSession, move: TableMove, key: readonly number[], parts: number) {
  const { dialect } = move
  const column = move.columns[key[0] ?? 0]?.source
  if (column === undefined) throw new Error(`bug: ${move.name} has no key`)
  const name = dialect.quote(column.name)
  const sql = `SELECT MIN(${name}), MAX(${name}) FROM ${dialect.from(move.source)}`
  const [[min, max] = []] = await source.query(sql, `looking for the ends of ${move.name}`)
  if (min === null || min === undefined || max === null || max === undefined) return [wholeTable]
  return divide(BigInt(min), BigInt(max), parts, (value) => dialect.integerCell(column, value))
}
