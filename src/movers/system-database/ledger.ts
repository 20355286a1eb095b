import { readFile } from 'node:fs/promises'
import type { PostgresTarget } from './postgres-target.ts'

/** A cell that was changed by decision. Keys are `rowKey`s; values are bytes as sent by, and to, the servers. */
export interface ChangedValue {
  readonly table: string
  readonly sourceKey: string
  readonly targetKey: string
  readonly column: string
  readonly reason: string
  readonly action: string
  readonly sourceValue: Buffer
  readonly targetValue: Buffer | null
}

/** A row that was set aside by decision, because of one of its columns. */
export interface RowSetAside {
  readonly table: string
  readonly sourceKey: string
  readonly column: string
  readonly reason: string
  readonly cells: Readonly<Record<string, string | null>>
}

const rowsPerInsert = 500
const bytesPerInsert = 4 << 20

/** Creates what the ledger needs; does nothing when it is there. */
export async function createLedger(target: PostgresTarget): Promise<void> {
  await target.query(await readFile(new URL('ledger.sql', import.meta.url), 'utf8'), 'creating the ledger')
}

/**
 * Writes the ledger in batches on a session of its own, while COPY holds the other one.
 *
 * A copy that is cut off leaves entries of rows that were never committed; the next copy empties the ledger first.
 */
export class LedgerWriter {
  readonly #target: PostgresTarget
  #changed: ChangedValue[] = []
  #setAside: RowSetAside[] = []
  #bytes = 0
  changedCount = 0
  setAsideCount = 0

  constructor(target: PostgresTarget) {
    this.#target = target
  }

  async add(entry: ChangedValue | RowSetAside): Promise<void> {
    if ('cells' in entry) {
      this.setAsideCount++
      for (const cell of Object.values(entry.cells)) this.#bytes += cell?.length ?? 0
      this.#setAside.push(entry)
    } else {
      this.changedCount++
      this.#bytes += entry.sourceValue.length + (entry.targetValue?.length ?? 0)
      this.#changed.push(entry)
    }
    if (this.#changed.length + this.#setAside.length >= rowsPerInsert || this.#bytes >= bytesPerInsert)
      await this.flush()
  }

  async flush(): Promise<void> {
    const changed = this.#changed
    const setAside = this.#setAside
    this.#changed = []
    this.#setAside = []
    this.#bytes = 0
    await this.#insert(
      'threeshift.changed_value',
      changed.map((e) => [
        e.table,
        Buffer.from(e.sourceKey, 'latin1'),
        Buffer.from(e.targetKey, 'latin1'),
        e.column,
        e.reason,
        e.action,
        e.sourceValue,
        e.targetValue,
      ]),
    )
    await this.#insert(
      'threeshift.row_set_aside',
      setAside.map((e) => [e.table, Buffer.from(e.sourceKey, 'latin1'), e.column, e.reason, JSON.stringify(e.cells)]),
    )
  }

  async #insert(table: string, rows: readonly (readonly (string | Buffer | null)[])[]): Promise<void> {
    const width = rows[0]?.length ?? 0
    if (width === 0) return
    const tuples = rows.map(
      (_, row) => `(${Array.from({ length: width }, (_, i) => `$${row * width + i + 1}`).join(', ')})`,
    )
    await this.#target.query(`INSERT INTO ${table} VALUES ${tuples.join(', ')}`, 'writing the ledger', rows.flat())
  }
}

/** One table's declared differences. Its size is that of the ledger, not of the table. */
export interface TableLedger {
  /** By the row's key at the source, and by its key at the target; an entry per changed cell. */
  readonly bySourceKey: ReadonlyMap<string, readonly ChangedValue[]>
  readonly byTargetKey: ReadonlyMap<string, readonly ChangedValue[]>
  readonly setAside: ReadonlyMap<string, readonly RowSetAside[]>
  readonly changedCount: number
  readonly setAsideCount: number
}

/** Reads what the ledger declares for one table; a database without a ledger declares nothing. */
export async function readLedger(target: PostgresTarget, table: string): Promise<TableLedger> {
  const [[exists] = []] = await target.query(`SELECT to_regclass('threeshift.changed_value')`, 'looking for the ledger')
  const read = (sql: string) => (exists === null ? [] : target.query(sql, `reading the ledger of ${table}`, [table]))
  const changed = (
    await read(
      `SELECT encode(source_key, 'hex'), encode(target_key, 'hex'), column_name, reason, action,
         encode(source_value, 'hex'), encode(target_value, 'hex') FROM threeshift.changed_value WHERE table_name = $1`,
    )
  ).map(
    ([sourceKey, targetKey, column, reason, action, sourceValue, targetValue]): ChangedValue => ({
      table,
      sourceKey: bytes(sourceKey).toString('latin1'),
      targetKey: bytes(targetKey).toString('latin1'),
      column: column ?? '',
      reason: reason ?? '',
      action: action ?? '',
      sourceValue: bytes(sourceValue),
      targetValue: targetValue === null || targetValue === undefined ? null : bytes(targetValue),
    }),
  )
  const setAside = (
    await read(
      `SELECT encode(source_key, 'hex'), column_name, reason, cells FROM threeshift.row_set_aside WHERE table_name = $1`,
    )
  ).map(
    ([sourceKey, column, reason, cells]): RowSetAside => ({
      table,
      sourceKey: bytes(sourceKey).toString('latin1'),
      column: column ?? '',
      reason: reason ?? '',
      // Written by `LedgerWriter` as an object of column to hexadecimal text.
      cells: JSON.parse(cells ?? '{}') as RowSetAside['cells'],
    }),
  )
  return {
    bySourceKey: Map.groupBy(changed, (entry) => entry.sourceKey),
    byTargetKey: Map.groupBy(changed, (entry) => entry.targetKey),
    setAside: Map.groupBy(setAside, (entry) => entry.sourceKey),
    changedCount: changed.length,
    setAsideCount: setAside.length,
  }
}

function bytes(hex: string | null | undefined): Buffer {
  return Buffer.from(hex ?? '', 'hex')
}
