import type { Difference } from '../../ports/system-database.ts'
import { type DigestCell, DigestSum, masked, rowDigest } from './digest.ts'
import type { ChangedValue } from './ledger.ts'
import type { PhaseProgress } from './progress.ts'
import type { CanonicalRow, Side } from './side.ts'
import { describeKey, type TableMove } from './table-move.ts'

/** How many parts a table's rows fall into by key; a difference is looked for in its part only. */
export const bucketCount = 1024

/** What one side of a table comes to. */
export interface TableDigest {
  readonly sum: DigestSum
  readonly tenants: ReadonlyMap<string, DigestSum>
  readonly buckets: readonly DigestSum[]
  /** Entries of the ledger that were met on this side. */
  readonly matchedCells: number
  readonly setAside: number
  readonly ledgerDifferences: readonly Difference[]
}

/** Reads one side of a table once. Memory does not grow with the rows. */
export async function digestTable(side: Side, move: TableMove, progress?: PhaseProgress): Promise<TableDigest> {
  const sum = new DigestSum()
  const tenants = new Map<string, DigestSum>()
  const buckets = Array.from({ length: bucketCount }, () => new DigestSum())
  const ledgerDifferences: Difference[] = []
  let matchedCells = 0
  let setAside = 0
  for await (const batch of side.rows(null)) {
    let bytes = 0
    for (const row of batch) {
      for (const cell of row) bytes += cell?.length ?? 0
      const key = side.keyOf(row)
      if (side.setAside.has(key)) {
        setAside++
        continue
      }
      const entries = side.declared.get(key) ?? []
      matchedCells += entries.length
      for (const entry of entries) ledgerDifferences.push(...contradiction(side, move, row, key, entry))
      const digest = rowDigest(maskDeclared(move, row, entries))
      sum.add(digest)
      buckets[bucketOf(key)]?.add(digest)
      if (move.tenant >= 0) tenantSum(tenants, row[move.tenant] ?? null).add(digest)
    }
    progress?.add(batch.length, bytes)
  }
  return { sum, tenants, buckets, matchedCells, setAside, ledgerDifferences }
}

/** The row with its declared cells masked: what must be equal on both sides. */
export function maskDeclared(
  move: TableMove,
  row: CanonicalRow,
  entries: readonly ChangedValue[],
): readonly DigestCell[] {
  if (entries.length === 0) return row
  const columns = new Set(entries.map((entry) => entry.column))
  return row.map((cell, position) => (columns.has(move.columns[position]?.source.name ?? '') ? masked : cell))
}

/** FNV-1a of the key, folded into the number of buckets. */
export function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % bucketCount
}

function tenantSum(tenants: Map<string, DigestSum>, cell: Buffer | null): DigestSum {
  const tenant = cell?.toString('latin1') ?? 'none'
  let sum = tenants.get(tenant)
  if (sum === undefined) {
    sum = new DigestSum()
    tenants.set(tenant, sum)
  }
  return sum
}

/** The ledger must hold what this side holds: the old value at the source, the new one at the target. */
function contradiction(side: Side, move: TableMove, row: CanonicalRow, key: string, entry: ChangedValue): Difference[] {
  const position = move.columns.findIndex((column) => column.source.name === entry.column)
  const held = row[position] ?? null
  const declared = side.declaredCell(entry, position)
  const same = held === null || declared === null ? held === declared : held.equals(declared)
  if (same) return []
  const says = `the ledger declares another value than the ${side.name} holds`
  return [{ kind: 'ledger', table: move.name, key: describeKey(key), column: entry.column, says }]
}
