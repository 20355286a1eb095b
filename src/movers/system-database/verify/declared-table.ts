import { never } from '../../../base/never.ts'
import type { DeclaredChange } from '../../../model/declaration.ts'
import { releaseFacts } from '../../../threescale/releases.ts'
import type { DomainChange } from '../../host-names/is-rename.ts'
import type { TableMove } from '../table-move.ts'
import { hashesOfCells, hashOfWords } from './cell-hash.ts'
import type { CanonicalRow } from './canonical-row.ts'

/** A cell that may hold something else; `after`, when given, is what it holds. */
export interface DeclaredCell {
  readonly column: string
  readonly key: string
  readonly after?: string | null
}

/** Tells the rows of one side that are not compared, because somebody declared them. */
export type RowFilter = (row: CanonicalRow) => boolean

/** What is declared of one table. */
export interface DeclaredTable {
  /** Changes of domain, in order. */
  readonly renames: readonly DomainChange[]
  readonly cells: readonly DeclaredCell[]
  readonly filters: { readonly source: readonly RowFilter[]; readonly target: readonly RowFilter[] }
}

/** Picks what concerns one table. Keys are those of a row that has one column for a key. */
export function declaredTable(changes: readonly DeclaredChange[], move: TableMove): DeclaredTable {
  const renames: DomainChange[] = []
  const cells = new Map<string, DeclaredCell>()
  const filters = { source: [] as RowFilter[], target: [] as RowFilter[] }
  const positionOf = (column: string) => move.columns.findIndex(({ source }) => source.name === column)
  for (const change of changes) {
    switch (change.kind) {
      case 'renamed':
        renames.push(change)
        break
      case 'upgraded': {
        if (move.name !== 'schema_migrations') break
        const [from, to] = [releaseFacts[change.from].lastMigration, releaseFacts[change.to].lastMigration]
        const position = positionOf('version')
        filters.target.push((row) => {
          const version = row.cell(position)?.toString('latin1') ?? ''
          return version > from && version <= to
        })
        break
      }
      case 'cells': {
        if (change.table !== move.name || positionOf(change.column) < 0) break
        const { column, after } = change
        // Two rows of the runbook may change the same cell; the later one says what it holds.
        for (const key of change.keys ?? [])
          cells.set(JSON.stringify([column, key]), { column, key, ...(after === undefined ? {} : { after }) })
        break
      }
      case 'rows': {
        const position = change.table === '*' || change.table === move.name ? positionOf(change.column) : -1
        if (position < 0 || change.values.length === 0) break
        const filter = oneOf(position, change.values)
        if (change.expect !== 'added') filters.source.push(filter)
        if (change.expect !== 'removed') filters.target.push(filter)
        break
      }
      case 'new-rows': {
        const { nextId } = move.source
        const id = move.columns.findIndex(({ source }) => source.autoIncrement)
        if (change.tables.includes(move.name) && nextId !== null && id >= 0) filters.target.push(notBefore(id, nextId))
        break
      }
      default:
        never(change)
    }
  }
  return { renames, cells: [...cells.values()], filters }
}

function oneOf(position: number, values: readonly string[]): RowFilter {
  const wanted = hashesOfCells(values)
  return (row) => wanted.has(hashOfWords(row.cellDigest(position)))
}

/** Rows with an id from `first` on. */
function notBefore(position: number, first: bigint): RowFilter {
  return (row) => {
    const text = row.cell(position)?.toString('latin1') ?? ''
    return /^\d+$/.test(text) && BigInt(text) >= first
  }
}
