/** A column's value. Buffers become hexadecimal literals, so their bytes arrive as they are in any character set. */
export type Cell = string | number | bigint | boolean | null | Buffer

/** Values by column name. Columns that a row does not name take the table's default. */
export type Row = Readonly<Record<string, Cell>>

/** One table's rows, made one at a time as they are asked for; every row of a table names the same columns. */
export interface TableRows {
  readonly table: string
  readonly rows: () => Iterable<Row>
}
