import type { SourceForeignKey, SourceTable } from '../schema/source-catalog.ts'
import type { RawRow, SourceSession } from '../source-session.ts'
import type { ColumnMove, TableMove } from '../table-move.ts'

/**
 * Which foreign key values name no row: found on the source, and grown by the rows that decisions set aside.
 *
 * Sources hold such orphans where rows were written with foreign_key_checks = 0 or by MyISAM tables.
 */
export class DanglingKeys {
  readonly #values = new Map<SourceForeignKey, Set<string>>()
  readonly #children = new Map<string, { readonly table: SourceTable; readonly key: SourceForeignKey }[]>()

  /** Asks the source for every foreign key, in the snapshot that all sessions share; each session one at a time. */
  static async find(sources: readonly SourceSession[], moves: readonly TableMove[]): Promise<DanglingKeys> {
    const dangling = new DanglingKeys()
    const keys = moves.flatMap((move) => move.foreignKeys.map((key) => ({ move, key })))
    for (const { move, key } of keys) {
      const siblings = dangling.#children.get(key.refTable) ?? []
      siblings.push({ table: move.source, key })
      dangling.#children.set(key.refTable, siblings)
    }
    const tables = new Map(moves.map((move) => [move.name, move.source]))
    const waiting = keys.values()
    await Promise.all(
      sources.map(async (source) => {
        for (const { move, key } of waiting) {
          const parent = tables.get(key.refTable)
          if (parent === undefined) throw new Error(`bug: ${move.name} names a table that is not moved`)
          dangling.#values.set(key, await orphansOf(source, move, key, parent))
        }
      }),
    )
    return dangling
  }

  /** True when any row of the table may be an orphan. */
  touches(move: TableMove): boolean {
    return move.foreignKeys.some((key) => (this.#values.get(key)?.size ?? 0) > 0)
  }

  /** The columns of a table that other rows name it by. */
  referencedColumns(table: SourceTable): ReadonlySet<string> {
    return new Set((this.#children.get(table.name) ?? []).flatMap(({ key }) => key.refColumns))
  }

  /** The foreign keys of a row that name no row. Cells are raw, in the table's column order. */
  orphanKeys(move: TableMove, row: RawRow): readonly SourceForeignKey[] {
    return move.foreignKeys.filter((key) => {
      const values = this.#values.get(key)
      if (values === undefined || values.size === 0) return false
      const value = joined(cellsOf(move, row, key.columns))
      return value !== null && values.has(value)
    })
  }

  /** Takes note of a row that is set aside; gives the children that have become orphans by it. */
  setAside(move: TableMove, row: RawRow): readonly SourceTable[] {
    const grown: SourceTable[] = []
    for (const { table, key } of this.#children.get(move.name) ?? []) {
      const values = this.#values.get(key)
      const value = joined(cellsOf(move, row, key.refColumns))
      if (values === undefined || value === null || values.has(value)) continue
      values.add(value)
      grown.push(table)
    }
    return grown
  }
}

async function orphansOf(
  source: SourceSession,
  move: TableMove,
  key: SourceForeignKey,
  parent: SourceTable,
): Promise<Set<string>> {
  const values = new Set<string>()
  const columns = key.columns.map((name) => columnOf(move, name))
  const sql = source.dialect.orphans(move.source, key, parent)
  for await (const batch of source.read(sql, `looking for orphans in ${move.name}`)) {
    for (const row of batch) values.add(joined(row.map((cell, i) => canonicalOf(columns[i], cell))) ?? '')
  }
  return values
}

/** Canonical, for the two sides of a key may print one value in two ways (ZEROFILL). */
function cellsOf(move: TableMove, row: RawRow, names: readonly string[]): RawRow {
  return names.map((name) => {
    const column = columnOf(move, name)
    return canonicalOf(column, row[move.columns.indexOf(column)] ?? null)
  })
}

function columnOf(move: TableMove, name: string): ColumnMove {
  const column = move.columns.find((candidate) => candidate.source.name === name)
  if (column === undefined) throw new Error(`bug: ${move.name} has no column ${name}`)
  return column
}

function canonicalOf(column: ColumnMove | undefined, cell: Buffer | null): Buffer | null {
  return cell === null || column === undefined ? null : column.canonical(cell)
}

/** MATCH SIMPLE: a key with any NULL names nothing and dangles never, which null stands for. */
function joined(cells: RawRow): string | null {
  return cells.some((cell) => cell === null) ? null : cells.map((cell) => cell?.toString('latin1')).join('\0')
}
