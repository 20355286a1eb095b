import type { Difference } from '../../../ports/system-database.ts'
import type { CanonicalRow } from './canonical-row.ts'
import { hashOfWords } from './cell-hash.ts'
import { digestTable, hashBucketOf, type TableDigest } from './digest-table.ts'
import { LedgerCheck } from './ledger-check.ts'
import {
  divideBucket,
  type HashPartition,
  type KeyRange,
  type Partition,
  type RangePartition,
  rangeOf,
} from './partition.ts'
import { RowSum } from '../row-hash.ts'
import { readRows, type Side } from './side.ts'
import { describeKey, type TableMove } from '../table-move.ts'

// What may be kept of the rows that are looked into: for each its name and sum, and two words per column.
const bytesAtOnce = 64 << 20
const bytesPerRow = 250
const bytesPerColumn = 8

/** What is known of the differing rows of a table; `truncated` says that there are more than are listed. */
export interface Narrowed {
  readonly differences: readonly Difference[]
  readonly truncated: boolean
}

/** Both sides of one table. */
export interface Pair {
  readonly source: Side
  readonly target: Side
  readonly move: TableMove
}

/**
 * Finds the rows and columns in which two sides of a table differ, at most `listed` of them.
 *
 * Only buckets with unequal sums are looked into. Where they are ranges of the key, only these are read again, one after
 * the other until enough is found; otherwise both sides are read once more. A table without a key shows a changed row as
 * one missing and one extra.
 */
export async function narrow(
  pair: Pair,
  partition: Partition,
  left: TableDigest,
  right: TableDigest,
  listed: number,
): Promise<Narrowed> {
  const found: Difference[] = []
  const complete =
    partition.kind === 'range'
      ? await narrowRanges(pair, partition, left, right, listed, found)
      : await narrowHashes(pair, partition, left, right, listed, found)
  return { differences: found.slice(0, listed), truncated: !complete || found.length > listed }
}

/** Adds to `found`; false when it ends with buckets that were not looked into. */
async function narrowRanges(
  pair: Pair,
  partition: RangePartition,
  left: TableDigest,
  right: TableDigest,
  listed: number,
  found: Difference[],
): Promise<boolean> {
  for (const bucket of unequalBuckets(left, right)) {
    if (found.length > listed) return false
    const parts = rowsOf(left, right, bucket) > rowsAtOnce(pair.move) ? divideBucket(partition, bucket) : null
    if (parts === null) {
      found.push(...(await differencesWithin(pair, rangeOf(partition, bucket), () => true)))
    } else {
      const [here, there] = await Promise.all([
        digestTable(pair.source, pair.move, parts),
        digestTable(pair.target, pair.move, parts),
      ])
      if (!(await narrowRanges(pair, parts, here, there, listed, found))) return false
    }
  }
  return true
}

/** Like `narrowRanges`. Every unequal bucket holds a difference, so that no more are needed than may be listed. */
async function narrowHashes(
  pair: Pair,
  partition: HashPartition,
  left: TableDigest,
  right: TableDigest,
  listed: number,
  found: Difference[],
): Promise<boolean> {
  const unequal = unequalBuckets(left, right)
  const chosen = new Set<number>()
  let rows = 0
  for (const bucket of unequal.slice(0, listed + 1)) {
    rows += rowsOf(left, right, bucket)
    if (chosen.size > 0 && rows > rowsAtOnce(pair.move)) break
    chosen.add(bucket)
  }
  const isChosen = (identity: Uint32Array) => chosen.has(hashBucketOf(identity, partition.count))
  found.push(...(await differencesWithin(pair, null, isChosen)))
  return chosen.size === unequal.length
}

function unequalBuckets(left: TableDigest, right: TableDigest): readonly number[] {
  return left.buckets.flatMap((sum, i) => (right.buckets[i]?.equals(sum) === true ? [] : i))
}

function rowsOf(left: TableDigest, right: TableDigest, bucket: number): number {
  return Math.max(left.buckets[bucket]?.rows ?? 0, right.buckets[bucket]?.rows ?? 0)
}

function rowsAtOnce(move: TableMove): number {
  return Math.floor(bytesAtOnce / (bytesPerRow + bytesPerColumn * move.columns.length))
}

/** Rows of one name, which are more than one only where nothing is a key. */
interface NamedRows {
  readonly name: string
  readonly sum: RowSum
  /** Two words per column: the sum of its cells' hashes. */
  readonly columns: Uint32Array
}

async function differencesWithin(
  { source, target, move }: Pair,
  range: KeyRange | null,
  isChosen: (identity: Uint32Array) => boolean,
): Promise<readonly Difference[]> {
  const [here, there] = await Promise.all([
    collect(source, move, range, isChosen),
    collect(target, move, range, isChosen),
  ])
  const differences: Difference[] = []
  for (const [identity, ours] of here) {
    const theirs = there.get(identity)
    if (theirs === undefined || !ours.sum.equals(theirs.sum)) differences.push(differenceOf(move, ours, theirs))
  }
  for (const [identity, theirs] of there) {
    if (!here.has(identity)) differences.push(differenceOf(move, undefined, theirs))
  }
  return differences
}

function differenceOf(move: TableMove, ours: NamedRows | undefined, theirs: NamedRows | undefined): Difference {
  const at = { table: move.name, key: describeKey(move, ours?.name ?? theirs?.name ?? '') }
  const [here, there] = [ours?.sum.rows ?? 0, theirs?.sum.rows ?? 0]
  if (here !== there) return { kind: here < there ? 'extra-row' : 'missing-row', ...at }
  const columns = move.columns.flatMap(({ source: { name } }, i) =>
    ours?.columns[2 * i] === theirs?.columns[2 * i] && ours?.columns[2 * i + 1] === theirs?.columns[2 * i + 1]
      ? []
      : name,
  )
  return { kind: 'changed-row', ...at, columns }
}

/** The chosen rows of a side, by 53 bits of what names them on both. */
async function collect(
  side: Side,
  move: TableMove,
  range: KeyRange | null,
  isChosen: (identity: Uint32Array) => boolean,
): Promise<ReadonlyMap<number, NamedRows>> {
  const found = new Map<number, NamedRows>()
  const ledger = new LedgerCheck(side, move)
  const use = (row: CanonicalRow): void => {
    if (!ledger.meet(row)) return
    // The names of rows that are masked must be taken before.
    const declaredName = ledger.isDeclared ? ledger.nameOf(row) : null
    ledger.mask(row)
    const words = ledger.identify(row)
    if (!isChosen(words)) return
    const identity = hashOfWords(words)
    let rows = found.get(identity)
    if (rows === undefined) {
      const name = declaredName ?? ledger.nameOf(row)
      rows = { name, sum: new RowSum(), columns: new Uint32Array(2 * move.columns.length) }
      found.set(identity, rows)
    }
    addRow(rows, row)
  }
  await readRows(side, range, use)
  return found
}

function addRow({ sum, columns }: NamedRows, row: CanonicalRow): void {
  sum.addHash(row.digest())
  for (let i = 0; 2 * i < columns.length; i++) {
    const words = row.cellDigest(i)
    columns[2 * i] = (columns[2 * i] ?? 0) + (words[0] ?? 0)
    columns[2 * i + 1] = (columns[2 * i + 1] ?? 0) + (words[1] ?? 0)
  }
}
