import type { SourceColumn } from '../schema/source-catalog.ts'
import type { SourceDialect } from '../source-dialect.ts'
import type { TableMove } from '../table-move.ts'

/** A row's key as the server sent it: the bytes of each column of the primary key. */
export type KeyCells = readonly Buffer[]

/**
 * Part of a table in the order of its primary key: rows after `after` (null: from the first) up to and with `upTo` (null:
 * to the last).
 */
export interface KeyRange {
  readonly number: number
  readonly after: KeyCells | null
  readonly upTo: KeyCells | null
}

export const wholeTable: KeyRange = { number: 0, after: null, upTo: null }

/**
 * Positions of the columns by which a table can be read in order and gone on with; empty when there are none.
 *
 * Only the primary key will do, where the source can read by it; and only columns whose values can be written as a
 * literal that means the very same value again.
 */
export function orderedKey(move: TableMove): readonly number[] {
  if (!move.dialect.isInKeyOrder(move.source)) return []
  const positions = move.source.primaryKey.map((name) =>
    move.columns.findIndex((column) => column.source.name === name),
  )
  const known = positions.every((position) => {
    const column = move.columns[position]?.source
    return column !== undefined && move.dialect.literalOf(column) !== null
  })
  return known ? positions : []
}

/** True when the key is one whole number, so that its range can be divided. */
export function isWholeNumber(move: TableMove, key: readonly number[]): boolean {
  const [position, ...more] = key
  return position !== undefined && more.length === 0 && isInteger(move.columns[position]?.source)
}

/**
 * Divides the numbers from `min` to `max` evenly; `cellOf` writes one as the source sends it. Gaps in them make parts
 * smaller, never wrong.
 */
export function divide(
  min: bigint,
  max: bigint,
  parts: number,
  cellOf: (value: bigint) => Buffer,
): readonly KeyRange[] {
  const width = (max - min) / BigInt(parts) + 1n
  const bounds: bigint[] = []
  for (let bound = min + width - 1n; bound < max; bound += width) bounds.push(bound)
  const cellsOf = (bound: bigint | undefined) => (bound === undefined ? null : [cellOf(bound)])
  return [...bounds, undefined].map((bound, number) => ({
    number,
    after: cellsOf(bounds[number - 1]),
    upTo: cellsOf(bound),
  }))
}

/** What to put after `FROM table` to read the rows of a range in the order of the key. */
export function whereInRange(move: TableMove, key: readonly number[], range: KeyRange): string {
  if (key.length === 0) return ''
  const { dialect } = move
  const columns = key.map((position) => {
    const column = move.columns[position]?.source
    if (column === undefined) throw new Error(`bug: ${move.name} has no column ${position}`)
    return column
  })
  const conditions = [
    ...(range.after === null ? [] : [dialect.beyondKey(columns, range.after)]),
    ...(range.upTo === null ? [] : [upTo(dialect, columns, range.upTo)]),
  ]
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  const order = columns.map((column) => dialect.quote(column.name)).join(', ')
  return `${dialect.byPrimaryKey}${where} ORDER BY ${order}`
}

/**
 * Up to and with a key. A range ends within a key of several columns when what an earlier run has copied of it is read
 * again; no column of a primary key is ever NULL, so what is not beyond it is up to it.
 */
function upTo(dialect: SourceDialect, columns: readonly SourceColumn[], cells: KeyCells): string {
  return `NOT ${dialect.beyondKey(columns, cells)}`
}

function isInteger(column: SourceColumn | undefined): boolean {
  return column?.dataType.endsWith('int') === true
}
