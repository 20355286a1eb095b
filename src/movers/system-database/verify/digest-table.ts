import type { CanonicalRow } from './canonical-row.ts'
import { LedgerCheck, type LedgerOutcome } from './ledger-check.ts'
import { type Partition, rangeBucketOf } from './partition.ts'
import type { TableProgressPart } from '../progress.ts'
import { RowSum } from '../row-hash.ts'
import { readRows, type Side } from './side.ts'
import type { TableMove } from '../table-move.ts'

/** What one side of a table comes to. */
export interface TableDigest extends LedgerOutcome {
  readonly sum: RowSum
  readonly tenants: ReadonlyMap<string, RowSum>
  /** As the partition divides the table; a difference is looked for in its bucket only. */
  readonly buckets: readonly RowSum[]
}

/** Reads one side of a table, or of what the partition divides, once. Memory grows neither with rows nor with a row. */
export async function digestTable(
  side: Side,
  move: TableMove,
  partition: Partition,
  progress?: TableProgressPart,
): Promise<TableDigest> {
  const buckets = Array.from({ length: partition.count }, () => new RowSum())
  const tenants = new TenantSums(move.tenant)
  const ledger = new LedgerCheck(side, move)
  const use = (row: CanonicalRow): void => {
    if (!ledger.meet(row)) return
    const range = partition.kind === 'range' ? rangeBucketOf(partition, row) : 0
    const tenant = tenants.of(row)
    ledger.mask(row)
    const bucket = partition.kind === 'range' ? range : hashBucketOf(ledger.identify(row), partition.count)
    const words = row.digest()
    const sum = buckets[bucket]
    if (sum === undefined) throw new Error(`bug: a row of ${move.name} belongs to no bucket`)
    sum.addHash(words)
    tenant?.addHash(words)
  }
  await readRows(side, partition.kind === 'range' ? partition.within : null, use, progress)
  const sum = new RowSum()
  for (const bucket of buckets) sum.merge(bucket)
  return { sum, tenants: tenants.sums, buckets, ...ledger.result() }
}

/** The bucket of a row that `LedgerCheck.identify` names so. */
export function hashBucketOf(identity: Uint32Array, count: number): number {
  return (identity[0] ?? 0) % count
}

/** A sum per tenant. Rows of one tenant mostly follow each other, so the last one's bytes are compared first. */
class TenantSums {
  readonly sums = new Map<string, RowSum>()
  readonly #position: number
  #last: Buffer = Buffer.alloc(0)
  #lastSum: RowSum | null = null

  constructor(position: number) {
    this.#position = position
  }

  /** The sum of the row's tenant; null in a table without tenants. The row must not be masked. */
  of(row: CanonicalRow): RowSum | null {
    if (this.#position < 0) return null
    const start = row.offsets[this.#position] ?? 0
    const end = row.offsets[this.#position + 1] ?? start
    return this.#isLast(row.bytes, start, end) ? this.#lastSum : this.#find(row, start, end)
  }

  #isLast(bytes: Buffer, start: number, end: number): boolean {
    const last = this.#last
    if (end - start !== last.length) return false
    for (let i = 0; i < last.length; i++) if (last[i] !== bytes[start + i]) return false
    return true
  }

  #find(row: CanonicalRow, start: number, end: number): RowSum {
    const tenant = row.cell(this.#position)?.toString('latin1') ?? 'none'
    let sum = this.sums.get(tenant)
    if (sum === undefined) {
      sum = new RowSum()
      this.sums.set(tenant, sum)
    }
    this.#last = Buffer.from(row.bytes.subarray(start, end))
    this.#lastSum = sum
    return sum
  }
}
