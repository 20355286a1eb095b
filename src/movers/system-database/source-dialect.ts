import type { TupleWriter } from '../../wire/postgres/tuple-writer.ts'
import type { SourceColumn, SourceForeignKey, SourceTable } from './schema/source-catalog.ts'
import type { Codec } from './values/codec.ts'
import type { Canonical } from './verify/canonical.ts'
import type { Fields, WriteCell } from './verify/canonical-row.ts'

/** Turns rows as the source sends them into tuples of PostgreSQL's binary COPY. Made once per table, before any row. */
export interface TupleEncoder {
  /** Where the fields of the row lie that `encode` was given last, whatever came of it; in the same bytes. */
  readonly fields: Fields
  /** Appends the tuple of the row in `bytes[start, end)` to `out`; false, with `out` as it was, when a value is not plain. */
  encode(bytes: Buffer, start: number, end: number, out: TupleWriter): boolean
  /** `encode` for values apart from one another, such as those that were decided on; null is NULL. */
  encodeValues(values: readonly (Buffer | null)[], out: TupleWriter): boolean
}

/**
 * How one product's SQL is written and how its values travel: all that differs between sources once a session is open.
 *
 * An object of plain functions, without state; chosen with the session, and the same for all of a move.
 */
export interface SourceDialect {
  /** Quotes an identifier. */
  readonly quote: (name: string) => string
  /** A table as it stands after FROM. */
  from(table: SourceTable): string
  /** True when a table can be read in the order of its primary key without being sorted. */
  isInKeyOrder(table: SourceTable): boolean
  /** What follows the table where it is to be read in the order of its primary key. */
  readonly byPrimaryKey: string
  /** Rows whose key is greater than this one, in a form that the server reads by index. */
  beyondKey(columns: readonly SourceColumn[], cells: readonly Buffer[]): string
  /** How a value of a column, as the server sent it, is written in SQL; null where no text says the very same value. */
  literalOf(column: SourceColumn): ((cell: Buffer) => string) | null
  /** A whole number as the server would send it for a column. */
  integerCell(column: SourceColumn, value: bigint): Buffer
  /** The values of a foreign key that name no row of `parent`, a row each. */
  orphans(table: SourceTable, key: SourceForeignKey, parent: SourceTable): string
  codec(column: SourceColumn, targetType: string): Codec
  /** `types`: the target's, as format_type prints them. */
  encoder(types: readonly string[]): TupleEncoder
  /** Where the fields of such a row lie. */
  fields(count: number): Fields
  /** What to select so that `canonical` and `canonicalWriter` understand the values. */
  selectForDigest(column: SourceColumn): string
  canonical(column: SourceColumn): Canonical
  /** `canonical`, without an object per value. */
  canonicalWriter(column: SourceColumn): WriteCell
  /** The same for the target's column of this type as binary COPY sends it; null where it is to be read as text. */
  targetWriter(column: SourceColumn, targetType: string): WriteCell | null
}
