import { quoteMysql } from '../mysql-source.ts'
import type { SourceColumn } from '../schema/source-catalog.ts'
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
 * Only the primary key will do, for InnoDB keeps the rows in its order; and only columns whose values can be written
 * as a literal that means the very same value again.
 */
export function orderedKey(move: TableMove): readonly number[] {
  if (move.source.engine !== 'InnoDB') return []
  const positions = move.source.primaryKey.map((name) =>
    move.columns.findIndex((column) => column.source.name === name),
  )
  const known = positions.every((position) => {
    const column = move.columns[position]?.source
    return column !== undefined && literalOf(column) !== null
  })
  return known ? positions : []
}

/** True when the key is one whole number, so that its range can be divided. */
export function isWholeNumber(move: TableMove, key: readonly number[]): boolean {
  const [position, ...more] = key
  return position !== undefined && more.length === 0 && isInteger(move.columns[position]?.source)
}

/** Divides the numbers from `min` to `max` evenly. Gaps in them make parts smaller, never wrong. */
export function divide(min: bigint, max: bigint, parts: number): readonly KeyRange[] {
  const width = (max - min) / BigInt(parts) + 1n
  const bounds: bigint[] = []
  for (let bound = min + width - 1n; bound < max; bound += width) bounds.push(bound)
  return [...bounds, undefined].map((bound, number) => ({
    number,
    after: cellsOf(bounds[number - 1]),
    upTo: cellsOf(bound),
  }))
}

function cellsOf(bound: bigint | undefined): KeyCells | null {
  return bound === undefined ? null : [Buffer.from(String(bound))]
}

/** What to put after `FROM table` to read the rows of a range in the order of the key. */
export function whereInRange(move: TableMove, key: readonly number[], range: KeyRange): string {
  if (key.length === 0) return ''
  const columns = key.map((position) => {
    const column = move.columns[position]?.source
    if (column === undefined) throw new Error(`bug: ${move.name} has no column ${position}`)
    return column
  })
  const conditions = [
    ...(range.after === null ? [] : [beyond(columns, range.after)]),
    ...(range.upTo === null ? [] : [upTo(columns, range.upTo)]),
  ]
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  const order = columns.map((column) => quoteMysql(column.name)).join(', ')
  return ` FORCE INDEX (PRIMARY)${where} ORDER BY ${order}`
}

/** `(a > 1 OR (a = 1 AND b > 2))`: what a row comparison means, in the form that both servers read by index. */
function beyond(columns: readonly SourceColumn[], cells: KeyCells): string {
  const [column, ...more] = columns
  const [cell, ...rest] = cells
  if (column === undefined || cell === undefined) throw new Error('bug: a key has no columns')
  const name = quoteMysql(column.name)
  const value = literalOf(column)?.(cell)
  if (value === undefined) throw new Error('bug: a key cannot be written down')
  return more.length === 0
    ? `(${name} > ${value})`
    : `(${name} > ${value} OR (${name} = ${value} AND ${beyond(more, rest)}))`
}

/** Only a range of whole numbers ends before the table does. */
function upTo(columns: readonly SourceColumn[], cells: KeyCells): string {
  const [column, ...more] = columns
  const value = column === undefined || cells[0] === undefined ? undefined : literalOf(column)?.(cells[0])
  if (column === undefined || value === undefined || more.length > 0) throw new Error('bug: a range ends within a key')
  return `${quoteMysql(column.name)} <= ${value}`
}

function isInteger(column: SourceColumn | undefined): boolean {
  return column?.dataType.endsWith('int') === true
}

/** How a value of a column is written in SQL; null for types whose text does not say the whole value. */
function literalOf(column: SourceColumn): ((cell: Buffer) => string) | null {
  if (isInteger(column) || column.dataType === 'decimal' || column.dataType === 'year') {
    return (cell) => checked(cell, /^-?\d+(?:\.\d+)?$/)
  }
  if (column.dataType === 'date' || column.dataType === 'datetime' || column.dataType === 'timestamp') {
    return (cell) => `'${checked(cell, /^[\d :.-]+$/)}'`
  }
  if (/^(?:binary|varbinary)$/.test(column.dataType)) return (cell) => `x'${cell.toString('hex')}'`
  // Only these arrive as the bytes that are stored.
  const isStoredUtf8 = /^utf8(?:mb[34])?$/.test(column.charset ?? '') && /^\w+$/.test(column.collation ?? '')
  if (/^(?:char|varchar)$/.test(column.dataType) && isStoredUtf8) {
    return (cell) => `CONVERT(x'${cell.toString('hex')}' USING ${column.charset}) COLLATE ${column.collation}`
  }
  return null
}

function checked(cell: Buffer, form: RegExp): string {
  const text = cell.toString('latin1')
  if (!form.test(text)) throw new Error('bug: a key is not of its type')
  return text
}
