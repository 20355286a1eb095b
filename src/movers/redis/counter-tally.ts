import { compactTime, granularities, type StatsKey } from '../../threescale/backend-keys.ts'
import { NameTable } from './name-table.ts'

const day = granularities.indexOf('day')
const month = granularities.indexOf('month')
const largestPart = 2 ** 52

/** A sum of integers that is exact however large, and costs an addition of doubles as long as it is small. */
export class IntegerSum {
  keys = 0
  #part = 0
  #whole = 0n

  /** A safe integer of at most 15 digits. */
  add(value: number): void {
    this.keys++
    this.#part += value
    if (this.#part > largestPart || this.#part < -largestPart) this.#flush()
  }

  addLarge(value: bigint): void {
    this.keys++
    this.#whole += value
  }

  include(other: IntegerSum): void {
    this.keys += other.keys
    this.#whole += other.value
  }

  get value(): bigint {
    this.#flush()
    return this.#whole
  }

  #flush(): void {
    this.#whole += BigInt(this.#part)
    this.#part = 0
  }
}

/** One metric or response code of one service. Sums by granularity, in the order of `granularities`. */
export interface MetricTally {
  readonly kind: 'metric' | 'response_code'
  readonly nameId: number
  readonly service: readonly IntegerSum[]
  readonly applications: readonly IntegerSum[]
  /** Of the service's own counters, by YYYYMM. */
  readonly months: Map<number, { readonly counter: IntegerSum; readonly days: IntegerSum }>
}

export interface ServiceTally {
  keys: number
  expiring: number
  applications: number
  readonly metrics: Map<number, MetricTally>
}

/**
 * Sums of counters per service and metric. Memory grows with services, metrics and months, not with applications or keys.
 */
export class CounterTally {
  readonly serviceNames = new NameTable()
  readonly metricNames = new NameTable()
  readonly #services: ServiceTally[] = []

  /** In the order in which they were met; the index is the number in `serviceNames`. */
  get services(): readonly ServiceTally[] {
    return this.#services
  }

  service(bytes: Buffer, start: number, end: number): ServiceTally {
    const id = this.serviceNames.idOf(bytes, start, end)
    const known = this.#services[id]
    if (known !== undefined) return known
    const made: ServiceTally = { keys: 0, expiring: 0, applications: 0, metrics: new Map() }
    this.#services[id] = made
    return made
  }

  /** Adds one counter; `value` is a number when it is small enough. */
  add(bytes: Buffer, key: StatsKey, value: number | bigint, expires: boolean): void {
    const service = this.service(bytes, key.serviceStart, key.serviceEnd)
    service.keys++
    if (expires) service.expiring++
    const metric = this.#metric(service, bytes, key)
    if (key.applicationStart >= 0) {
      add(metric.applications[key.granularity], value)
      return
    }
    add(metric.service[key.granularity], value)
    if (key.granularity !== day && key.granularity !== month) return
    const time = compactTime(bytes, key.timeStart, key.timeEnd)
    if (Number.isNaN(time)) return
    const yearMonth = Math.floor(time / 1e6)
    let sums = metric.months.get(yearMonth)
    if (sums === undefined) {
      sums = { counter: new IntegerSum(), days: new IntegerSum() }
      metric.months.set(yearMonth, sums)
    }
    add(key.granularity === day ? sums.days : sums.counter, value)
  }

  #metric(service: ServiceTally, bytes: Buffer, key: StatsKey): MetricTally {
    const nameId = this.metricNames.idOf(bytes, key.nameStart, key.nameEnd)
    const id = key.isResponseCode ? -1 - nameId : nameId
    const known = service.metrics.get(id)
    if (known !== undefined) return known
    const made: MetricTally = {
      kind: key.isResponseCode ? 'response_code' : 'metric',
      nameId,
      service: granularities.map(() => new IntegerSum()),
      applications: granularities.map(() => new IntegerSum()),
      months: new Map(),
    }
    service.metrics.set(id, made)
    return made
  }
}

function add(sum: IntegerSum | undefined, value: number | bigint): void {
  if (typeof value === 'bigint') sum?.addLarge(value)
  else sum?.add(value)
}
