import type { Cell, Row, TableRows } from './rows.ts'

/** One multi-row INSERT. `sql` is UTF-8 and stays valid until the next pull, for it is a view of a reused buffer. */
export interface InsertBatch {
  readonly sql: Buffer
  readonly rows: number
}

/**
 * Encodes a table's rows as INSERT statements for a connection in utf8mb4 with backslash escapes on.
 *
 * In:     rows that all name the same columns; `columns` are the ones that the table has.
 * Out:    statements of about `batchBytes` (bytes), more only where a single row is larger; valid until the next pull.
 * Faults: none; a row that names a column which the table lacks, or other columns than its first row, is a bug.
 * Source: MySQL manual, "String Literals": only NUL, quote and backslash need an escape.
 */
export function* encodeInserts(
  source: TableRows,
  columns: ReadonlySet<string>,
  batchBytes: number,
): Generator<InsertBatch> {
  const writer = new LiteralWriter(batchBytes + 16 * 1024)
  let names: readonly string[] | undefined
  let headEnd = 0
  let rows = 0
  for (const row of source.rows()) {
    if (names === undefined) {
      names = Object.keys(row)
      for (const name of names) {
        if (!columns.has(name)) throw new Error(`bug: ${source.table} has no column ${name} in this release`)
      }
      writer.ascii(`INSERT INTO \`${source.table}\` (${names.map((name) => `\`${name}\``).join(',')}) VALUES `)
      headEnd = writer.length
    }
    writer.ascii(rows === 0 ? '(' : ',(')
    writeRow(writer, names, row, source.table)
    writer.ascii(')')
    rows++
    if (writer.length >= batchBytes) {
      yield { sql: writer.view(), rows }
      writer.length = headEnd
      rows = 0
    }
  }
  if (rows > 0) yield { sql: writer.view(), rows }
}

function writeRow(writer: LiteralWriter, names: readonly string[], row: Row, table: string): void {
  for (let i = 0; i < names.length; i++) {
    // The index is within bounds, so the name is there.
    const name = names[i] as string
    const cell = row[name]
    if (cell === undefined) throw new Error(`bug: a row of ${table} lacks ${name}`)
    if (i > 0) writer.ascii(',')
    writer.cell(cell)
  }
}

/** Appends SQL literals to one buffer that grows and is reused; mutable because it runs once per value. */
export class LiteralWriter {
  #bytes: Buffer
  length = 0

  constructor(capacityBytes: number) {
    this.#bytes = Buffer.allocUnsafe(capacityBytes)
  }

  /** The bytes written so far, without a copy. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }

  cell(cell: Cell): void {
    if (typeof cell === 'string') this.#text(cell)
    else if (typeof cell === 'number' || typeof cell === 'bigint') this.ascii(String(cell))
    else if (cell === null) this.ascii('NULL')
    else if (typeof cell === 'boolean') this.ascii(cell ? '1' : '0')
    // MariaDB and MySQL take X'' too, but a plain '' needs no thought.
    else this.ascii(cell.length === 0 ? "''" : `X'${cell.toString('hex')}'`)
  }

  ascii(text: string): void {
    this.#room(text.length)
    const bytes = this.#bytes
    let at = this.length
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
    this.length = at
  }

  #text(text: string): void {
    // At most three bytes per UTF-16 unit, or two for an escape, and the quotes.
    this.#room(text.length * 3 + 2)
    const bytes = this.#bytes
    let at = this.length
    bytes[at++] = 0x27
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80) {
        // From the first character beyond ASCII on, whole runs up to the next escape go to the native encoder.
        const end = nextEscape(text, i)
        at += bytes.write(text.slice(i, end), at, 'utf8')
        i = end - 1
      } else if (unit === 0x27 || unit === 0x5c || unit === 0) {
        bytes[at++] = 0x5c
        bytes[at++] = unit === 0 ? 0x30 : unit
      } else bytes[at++] = unit
    }
    bytes[at++] = 0x27
    this.length = at
  }

  #room(extraBytes: number): void {
    if (this.length + extraBytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe((this.length + extraBytes) * 2)
    this.#bytes.copy(larger, 0, 0, this.length)
    this.#bytes = larger
  }
}

function nextEscape(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0x27 || unit === 0x5c || unit === 0) return i
  }
  return text.length
}
