import type { Difference } from '../../ports/system-database.ts'
import { rowDigest } from './digest.ts'
import { bucketOf, maskDeclared, type TableDigest } from './digest-table.ts'
import type { CanonicalRow, Side } from './side.ts'
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
  const keys = [...new Set([...here.keys(), ...there.keys()])].filter((key) => here.get(key) !== there.get(key))
  const shown = keys.slice(0, listed)
  const changed = shown.filter((key) => here.has(key) && there.has(key))
  const columns = await changedColumns(source, target, move, changed)
  return {
    differences: shown.map((key): Difference => {
      const at = { table: move.name, key: describeKey(key) }
      const [ours, theirs] = [here.get(key)?.length ?? 0, there.get(key)?.length ?? 0]
      if (ours !== theirs) return { kind: ours < theirs ? 'extra-row' : 'missing-row', ...at }
      return { kind: 'changed-row', ...at, columns: columns.get(key) ?? [] }
    }),
    truncated: keys.length > listed || chosen.size < unequal.length,
  }
}

/** Row digests by key, one after the other where rows share a key (equal rows of a table without one). */
async function collect(side: Side, move: TableMove, buckets: ReadonlySet<number>): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const batch of side.rows(null)) {
    for (const row of batch) {
      const key = side.keyOf(row)
      if (!buckets.has(bucketOf(key)) || side.setAside.has(key)) continue
      const digest = rowDigest(maskDeclared(move, row, side.declared.get(key) ?? [])).toString('latin1')
      const before = found.get(key)
      found.set(key, before === undefined ? digest : [before, digest].toSorted().join(''))
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
  const [here, there] = await Promise.all([rowsByKey(source, keys), rowsByKey(target, keys)])
  return new Map(
    keys.map((key) => {
      const [a, b] = [here.get(key), there.get(key)]
      const declared = new Set(
        [...(source.declared.get(key) ?? []), ...(target.declared.get(key) ?? [])].map((e) => e.column),
      )
      const names = move.columns.flatMap(({ source: { name } }, i) =>
        declared.has(name) || same(a?.[i] ?? null, b?.[i] ?? null) ? [] : name,
      )
      return [key, names]
    }),
  )
}

async function rowsByKey(side: Side, keys: readonly string[]): Promise<ReadonlyMap<string, CanonicalRow>> {
  const wanted = new Set(keys)
  const rows = new Map<string, CanonicalRow>()
  for await (const batch of side.rows(keys)) {
    for (const row of batch) {
      const key = side.keyOf(row)
      if (wanted.has(key)) rows.set(key, row)
    }
  }
  return rows
}

function same(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}
