import type { Difference } from '../../ports/system-database.ts'
import { DigestSum, rowDigest } from './digest.ts'
import { LedgerCheck, type OrphanClaim } from './ledger-check.ts'
import type { PhaseProgress } from './progress.ts'
import type { Side } from './side.ts'
import type { TableMove } from './table-move.ts'

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
  /** Keys of other tables that the ledger calls missing. */
  readonly orphans: readonly OrphanClaim[]
}

/** Reads one side of a table once. Memory grows with the ledger, and not with the rows. */
export async function digestTable(side: Side, move: TableMove, progress?: PhaseProgress): Promise<TableDigest> {
  const sum = new DigestSum()
  const tenants = new Map<string, DigestSum>()
  const buckets = Array.from({ length: bucketCount }, () => new DigestSum())
  const ledger = new LedgerCheck(side, move)
  for await (const batch of side.rows(null)) {
    let bytes = 0
    for (const row of batch) {
      for (const cell of row) bytes += cell?.length ?? 0
      const declared = ledger.meet(row)
      if (declared.kind === 'set-aside') continue
      const digest = rowDigest(declared.cells)
      sum.add(digest)
      buckets[bucketOf(declared.key)]?.add(digest)
      if (move.tenant >= 0) tenantSum(tenants, row[move.tenant] ?? null).add(digest)
    }
    progress?.add(batch.length, bytes)
  }
  return { sum, tenants, buckets, ...ledger.result() }
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
