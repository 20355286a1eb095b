import type { CanonicalRow } from './canonical-row.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import type { SourceSession } from '../source-session.ts'
import type { TableMove } from '../table-move.ts'
import { quotePostgres, type TargetTable } from '../schema/target-schema.ts'

/** Rows whose integer key lies between two values, both included; null is no bound, and `from` null includes NULL keys. */
export interface KeyRange {
  readonly column: string
  readonly from: number | null
  readonly to: number | null
}

/** How one table's rows fall into buckets, the same on both sides: by ranges of an integer key, or by the key's hash. */
export type Partition = HashPartition | RangePartition

export interface HashPartition {
  readonly kind: 'hash'
  readonly count: number
}

export interface RangePartition {
  readonly kind: 'range'
  readonly count: number
  readonly column: string
  readonly position: number
  readonly min: number
  readonly max: number
  /** Key values per bucket. */
  readonly width: number
  /** All rows that this divides; the first and the last bucket reach as far as it does. */
  readonly within: KeyRange
}

const mostBuckets = 4096
// Up to here a division by the width cannot be rounded into the next bucket.
const mostKeys = 2 ** 50
const integerTypes = /^(?:smallint|integer|bigint|numeric\(\d+,0\))$/

/** Asks both sides how far the key goes. A key that is not one integer, or goes too far, is divided by its hash. */
export async function planPartition(
  source: SourceSession,
  target: PostgresTarget,
  move: TableMove,
  there: TargetTable,
): Promise<Partition> {
  const [position = -1, ...more] = move.key
  const column = move.columns[position]
  const hashed: Partition = { kind: 'hash', count: mostBuckets }
  if (column === undefined || more.length > 0 || !column.source.dataType.endsWith('int')) return hashed
  const { name } = column.source
  if (!integerTypes.test(there.columns.find((candidate) => candidate.name === name)?.type ?? '')) return hashed
  const { dialect } = move
  const doing = `finding the first and last key of ${move.name}`
  const [[here = []], [far = []]] = await Promise.all([
    source.query(
      `SELECT MIN(${dialect.quote(name)}), MAX(${dialect.quote(name)}) FROM ${dialect.from(move.source)}`,
      doing,
    ),
    target.query(
      `SELECT min(${quotePostgres(name)}), max(${quotePostgres(name)}) FROM public.${quotePostgres(move.name)}`,
      doing,
    ),
  ])
  const ends = [...here, ...far].flatMap((value) => (value === null ? [] : Number(value)))
  const [min, max] = [Math.min(...ends), Math.max(...ends)]
  if (ends.length === 0 || !Number.isSafeInteger(min) || max - min >= mostKeys) return hashed
  return divide({ column: name, from: null, to: null }, position, min, max)
}

/** The rows of one bucket. */
export function rangeOf(partition: RangePartition, bucket: number): KeyRange {
  const { min, width, count, within } = partition
  return {
    column: partition.column,
    from: bucket === 0 ? within.from : min + bucket * width,
    to: bucket === count - 1 ? within.to : min + (bucket + 1) * width - 1,
  }
}

/** Divides one bucket again; null when it is one key. */
export function divideBucket(partition: RangePartition, bucket: number): RangePartition | null {
  if (partition.width === 1) return null
  const min = partition.min + bucket * partition.width
  const max = Math.min(partition.max, min + partition.width - 1)
  return divide(rangeOf(partition, bucket), partition.position, min, max)
}

/** The bucket of a row whose key is not masked; keys beyond the ends belong to the first or the last. */
export function rangeBucketOf(partition: RangePartition, row: CanonicalRow): number {
  const bytes = row.bytes
  let at = row.begin(partition.position)
  const end = row.offsets[partition.position + 1] ?? at
  const negative = bytes[at] === 0x2d
  if (negative) at++
  let value = 0
  for (; at < end; at++) value = value * 10 + (bytes[at] ?? 0) - 0x30
  const bucket = Math.floor(((negative ? -value : value) - partition.min) / partition.width)
  return bucket <= 0 ? 0 : Math.min(bucket, partition.count - 1)
}

/** As a WHERE clause; empty for all rows. */
export function whereRange(range: KeyRange | null, quote: (name: string) => string): string {
  if (range === null || (range.from === null && range.to === null)) return ''
  const key = quote(range.column)
  const upper = range.to === null ? '' : `${key} <= ${range.to}`
  if (range.from === null) return ` WHERE (${upper} OR ${key} IS NULL)`
  return ` WHERE ${key} >= ${range.from}${upper === '' ? '' : ` AND ${upper}`}`
}

function divide(within: KeyRange, position: number, min: number, max: number): RangePartition {
  const keys = max - min + 1
  const width = Math.ceil(keys / mostBuckets)
  return { kind: 'range', count: Math.ceil(keys / width), column: within.column, position, min, max, width, within }
}
