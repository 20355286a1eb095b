import type { RedisStatsSum } from '../../ports/redis.ts'
import { granularities, parseStatsKey, StatsKey } from '../../threescale/backend-keys.ts'
import type { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import { decodeSmallInteger, decodeString, StringSlice } from '../../wire/rdb/rdb-value.ts'

const exactBelow = 2 ** 52

class Sum {
  readonly service: string
  readonly metric: string
  readonly period: string
  keys = 0
  #recent = 0
  #older = 0n
  /** What the target has more than the source. */
  surplus = 0n

  constructor(service: string, metric: string, period: string) {
    this.service = service
    this.metric = metric
    this.period = period
  }

  add(value: number): void {
    this.#recent += value
    if (Math.abs(this.#recent) >= exactBelow) {
      // The last addition may already have lost a unit: it is made again, exactly.
      this.#older += BigInt(this.#recent - value) + BigInt(value)
      this.#recent = 0
    }
  }

  addExactly(value: bigint): void {
    this.#older += value
  }

  get total(): bigint {
    return this.#older + BigInt(this.#recent)
  }
}

/**
 * Sums of the counters per service, metric (or response code) and period, on both sides at once: the source's as its
 * entries pass, the target's as the source's plus what the comparison found to differ.
 */
export class StatsSums {
  /** By what a counter counts, then by a hash of service and metric: small integers, so that asking makes nothing. */
  readonly #sums: readonly Map<number, Sum>[] = Array.from({ length: granularities.length * 4 }, () => new Map())
  readonly #key = new StatsKey()
  readonly #value = new StringSlice()

  add(reader: RdbReader): void {
    const sum = this.#sumOf(reader.keyBytes, reader.keyStart, reader.keyEnd)
    if (sum === null) return
    sum.keys++
    const small = decodeSmallInteger(reader.valueBytes, reader.valueStart, reader.valueEnd)
    if (!Number.isNaN(small)) return sum.add(small)
    decodeString(reader.valueBytes, reader.valueStart, reader.valueEnd, this.#value)
    sum.addExactly(integerOf(this.#value.bytes.subarray(this.#value.start, this.#value.end)))
  }

  /** A counter that the target has otherwise; `found` is null when it has none. */
  differs(key: Buffer, expected: Buffer, found: Buffer | null): void {
    const sum = this.#sumOf(key, 0, key.length)
    if (sum !== null) sum.surplus += (found === null ? 0n : integerOf(found)) - integerOf(expected)
  }

  list(): readonly RedisStatsSum[] {
    return this.#sums
      .flatMap((sums) => [...sums.values()])
      .map(({ service, metric, period, keys, total, surplus }) => ({
        service,
        metric,
        period,
        keys,
        sum: String(total),
        targetSum: String(total + surplus),
      }))
      .toSorted((a, b) => compare(a.service, b.service) || compare(a.metric, b.metric) || compare(a.period, b.period))
  }

  #sumOf(bytes: Buffer, start: number, end: number): Sum | null {
    const key = this.#key
    if (!parseStatsKey(bytes, start, end, key)) return null
    const isApplication = key.applicationStart >= 0
    const tail = (key.granularity * 2 + (isApplication ? 1 : 0)) * 2 + (key.isResponseCode ? 1 : 0)
    const name = hash(bytes, key.nameStart, key.nameEnd, hash(bytes, key.serviceStart, key.serviceEnd, 0x811c_9dc5))
    const sums = this.#sums[tail]
    if (sums === undefined) throw new Error('bug: a counter of no granularity')
    // Where two groups have one hash, the later one takes the next that is free.
    for (let id = name; ; id = (id + 1) | 0) {
      const found = sums.get(id)
      if (found === undefined) {
        const metric = bytes.toString('utf8', key.nameStart, key.nameEnd)
        const period = granularities[key.granularity] ?? ''
        const made = new Sum(
          bytes.toString('utf8', key.serviceStart, key.serviceEnd),
          key.isResponseCode ? `response code ${metric}` : metric,
          isApplication ? `applications ${period}` : period,
        )
        sums.set(id, made)
        return made
      }
      if (isSame(found, bytes, key)) return found
    }
  }
}

function isSame(sum: Sum, bytes: Buffer, key: StatsKey): boolean {
  const nameLength = key.nameEnd - key.nameStart + (key.isResponseCode ? 'response code '.length : 0)
  if (sum.service.length !== key.serviceEnd - key.serviceStart || sum.metric.length !== nameLength) {
    // Bytes and characters differ in number only where a name is not ASCII: then it is compared as text.
    const metric = bytes.toString('utf8', key.nameStart, key.nameEnd)
    return (
      sum.service === bytes.toString('utf8', key.serviceStart, key.serviceEnd) &&
      sum.metric === (key.isResponseCode ? `response code ${metric}` : metric)
    )
  }
  for (let i = key.serviceStart, at = 0; i < key.serviceEnd; i++, at++) {
    if (sum.service.charCodeAt(at) !== bytes[i]) return false
  }
  for (let i = key.nameEnd - 1, at = nameLength - 1; i >= key.nameStart; i--, at--) {
    if (sum.metric.charCodeAt(at) !== bytes[i]) return false
  }
  return true
}

function hash(bytes: Buffer, start: number, end: number, seed: number): number {
  let value = seed
  for (let i = start; i < end; i++) value = Math.imul(value ^ (bytes[i] ?? 0), 0x0100_0193)
  return value
}

function integerOf(text: Buffer): bigint {
  const digits = text.length <= 20 ? text.toString('latin1') : ''
  // Anything else is no counter; the comparison of its bytes has its say.
  return /^-?\d+$/.test(digits) ? BigInt(digits) : 0n
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
