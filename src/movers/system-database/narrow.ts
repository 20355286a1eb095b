import type { Difference } from '../../ports/system-database.ts'
import { type DigestCell, DigestSum, rowDigest } from './digest.ts'
import { bucketOf, type TableDigest } from './digest-table.ts'
import { LedgerCheck } from './ledger-check.ts'
import type { Side } from './side.ts'
import { describeKey, type TableMove } from './table-move.ts'

// Rows whose digests are kept at once while a difference is looked for.
const rowsAtOnce = 200_000

/**
 * Finds the rows and columns in which two sides of a table differ.
 *
 * Only buckets with unequal sums are looked into, at most `rowsAtOnce` rows of them; `truncated` says that there is more
 * than is listed. A table without a key shows a changed row as one missing and one extra.
 */
export async function narrow(
  source: Side,
  target: Side,
  move: TableMove,
  left: TableDigest,
  right: TableDigest,
  listed: number,
): Promise<{ readonly differences: readonly Difference[]; readonly truncated: boolean }> {
  const unequal = left.buckets.flatMap((sum, i) => (right.buckets[i]?.equals(sum) === true ? [] : i))
  const chosen = new Set<number>()
  let rows = 0
  for (const bucket of unequal) {
    rows += Math.max(left.buckets[bucket]?.rows ?? 0, right.buckets[bucket]?.rows ?? 0)
    if (chosen.size > 0 && rows > rowsAtOnce) break
    chosen.add(bucket)
  }
  const [here, there] = await Promise.all([collect(source, move, chosen), collect(target, move, chosen)])
  const keys = [...new Set([...here.keys(), ...there.keys()])].filter((key) => {
    const [ours, theirs] = [here.get(key), there.get(key)]
    return ours === undefined || theirs === undefined || !ours.equals(theirs)
  })
  const shown = keys.slice(0, listed)
  const changed = shown.filter((key) => here.has(key) && there.has(key))
  const columns = await changedColumns(source, target, move, changed)
  return {
    differences: shown.map((key): Difference => {
      const at = { table: move.name, key: describeKey(move, key) }
      const [ours, theirs] = [here.get(key)?.rows ?? 0, there.get(key)?.rows ?? 0]
      if (ours !== theirs) return { kind: ours < theirs ? 'extra-row' : 'missing-row', ...at }
      return { kind: 'changed-row', ...at, columns: columns.get(key) ?? [] }
    }),
    truncated: keys.length > listed || chosen.size < unequal.length,
  }
}

/** By the row's key at the source: how many rows, and the sum of their digests. */
async function collect(side: Side, move: TableMove, buckets: ReadonlySet<number>): Promise<Map<string, DigestSum>> {
  const found = new Map<string, DigestSum>()
  const ledger = new LedgerCheck(side, move)
  for await (const batch of side.rows(null)) {
    for (const row of batch) {
      const declared = ledger.meet(row)
      if (declared.kind === 'set-aside' || !buckets.has(bucketOf(declared.key))) continue
      let sum = found.get(declared.key)
      if (sum === undefined) {
        sum = new DigestSum()
        found.set(declared.key, sum)
      }
      sum.add(rowDigest(declared.cells))
    }
  }
  return found
}

async function changedColumns(
  source: Side,
  target: Side,
  move: TableMove,
  keys: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (keys.length === 0) return new Map()
  const [here, there] = await Promise.all([rowsByKey(source, move, keys), rowsByKey(target, move, keys)])
  return new Map(
    keys.map((key) => {
      const [a, b] = [here.get(key), there.get(key)]
      return [key, move.columns.flatMap(({ source: { name } }, i) => (same(a?.[i], b?.[i]) ? [] : name))]
    }),
  )
}

async function rowsByKey(
  side: Side,
  move: TableMove,
  keys: readonly string[],
): Promise<ReadonlyMap<string, readonly DigestCell[]>> {
  const wanted = new Set(keys)
  const rows = new Map<string, readonly DigestCell[]>()
  const ledger = new LedgerCheck(side, move)
  for await (const batch of side.rows(keys)) {
    for (const row of batch) {
      const declared = ledger.meet(row)
      if (declared.kind === 'compared' && wanted.has(declared.key)) rows.set(declared.key, declared.cells)
    }
  }
  return rows
}

function same(a: DigestCell | undefined, b: DigestCell | undefined): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b
}
