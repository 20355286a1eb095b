import type { EpochMs } from '../../base/clock.ts'
import type { InspectedFamily, InspectedMetric, InspectedService, InspectReport } from '../../ports/redis.ts'
import { granularities, keyFamilies } from '../../threescale/backend-keys.ts'
import type { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import { rdbTypes } from '../../wire/rdb/rdb-types.ts'
import type { CounterTally, IntegerSum, MetricTally, ServiceTally } from './counter-tally.ts'
import type { Inspection } from './inspection.ts'
import { checkRollUps } from './roll-ups.ts'

/** [measured] 3.15 million counters: 272 MB of snapshot were 452 MB of memory. */
const memoryPerSnapshotByte = 1.7
/** The bundled Redis saves every 15 minutes when little happens: an older one may lack what was counted since. */
const staleMs = 15 * 60_000

/** Makes the report of a pass that has ended: `reader` has said false. */
export function inspectReport(
  inspection: Inspection,
  reader: RdbReader,
  times: { readonly now: EpochMs; readonly tookMs: number },
): InspectReport {
  const { header } = reader
  const families = familiesOf(inspection)
  const takenAtMs = wholeNumber(header.aux.get('ctime'), 1000)
  const ageMs = takenAtMs === null ? null : times.now - takenAtMs
  const rollUps = checkRollUps(inspection.counters)
  const warnings = warningsOf(inspection, reader, families, ageMs)
  return {
    verdict: warnings.length > 0 || rollUps.broken > 0 ? 'warned' : 'clean',
    rdbVersion: header.version,
    aux: Object.fromEntries(header.aux),
    takenAtMs,
    ageMs,
    keys: inspection.keys,
    bytes: reader.bytesRead,
    expiring: inspection.expiring,
    expired: inspection.expired,
    databases: [...inspection.databases].map(([database, counts]) => ({ database, ...counts })),
    families,
    services: servicesOf(inspection.counters),
    types: [...rdbTypes].flatMap(([type, { name, version }]) => {
      const keys = inspection.types[type] ?? 0
      return keys === 0 ? [] : [{ name, keys, needsRdbVersion: version }]
    }),
    functions: reader.functions.length,
    unknown: { keys: familyNamed(families, 'unknown')?.keys ?? 0, samples: inspection.unknown },
    largest: inspection.largest,
    memory: memoryOf(reader, families),
    rollUps,
    warnings,
    tookMs: Math.round(times.tookMs),
  }
}

function familiesOf(inspection: Inspection): readonly InspectedFamily[] {
  return keyFamilies.flatMap(({ index, name, class: keyClass, handling }) => {
    const tally = inspection.families[index]
    return tally === undefined || tally.keys === 0 ? [] : [{ name, class: keyClass, handling, ...tally }]
  })
}

function familyNamed(families: readonly InspectedFamily[], name: string): InspectedFamily | undefined {
  return families.find((family) => family.name === name)
}

function servicesOf(tally: CounterTally): readonly InspectedService[] {
  return tally.services
    .map((service: ServiceTally, id) => ({
      service: tally.serviceNames.nameOf(id),
      keys: service.keys,
      expiring: service.expiring,
      applications: service.applications,
      metrics: [...service.metrics.values()]
        .map((metric) => metricOf(tally, metric))
        .sort((a, b) => natural(`${a.kind} ${a.name}`, `${b.kind} ${b.name}`)),
    }))
    .sort((a, b) => natural(a.service, b.service))
}

function metricOf(tally: CounterTally, metric: MetricTally): InspectedMetric {
  const months = [...metric.months].sort(([a], [b]) => a - b)
  return {
    kind: metric.kind,
    name: tally.metricNames.nameOf(metric.nameId),
    keys: [...metric.service, ...metric.applications].reduce((sum, { keys }) => sum + keys, 0),
    service: sumsOf(metric.service),
    applications: sumsOf(metric.applications),
    months: months.map(([month, { counter, days }]) => ({
      month: String(month),
      counter: String(counter.value),
      days: String(days.value),
    })),
  }
}

function sumsOf(sums: readonly IntegerSum[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    granularities.flatMap((granularity, index) => {
      const sum = sums[index]
      return sum === undefined || sum.keys === 0 ? [] : [[granularity, String(sum.value)]]
    }),
  )
}

/** Numbers within names go by value: service 9 before service 10. */
function natural(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

function memoryOf(reader: RdbReader, families: readonly InspectedFamily[]): InspectReport['memory'] {
  const usedMemory = wholeNumber(reader.header.aux.get('used-mem'), 1)
  const allBytes = usedMemory ?? Math.round(reader.bytesRead * memoryPerSnapshotByte)
  const carried = families.reduce((sum, { handling, bytes }) => sum + (handling === 'skip' ? 0 : bytes), 0)
  const entries = families.reduce((sum, { bytes }) => sum + bytes, 0)
  const carriedBytes = entries === 0 ? 0 : Math.round((allBytes * carried) / entries)
  return { from: usedMemory === null ? 'snapshot-size' : 'used-mem', allBytes, carriedBytes }
}

function warningsOf(
  inspection: Inspection,
  reader: RdbReader,
  families: readonly InspectedFamily[],
  ageMs: number | null,
): readonly string[] {
  const { aux, version } = reader.header
  const warnings: string[] = []
  if (ageMs !== null && ageMs > staleMs) {
    warnings.push(`the snapshot is ${Math.round(ageMs / 60_000)} minutes old: what was counted since is not in it`)
  }
  if (aux.get('aof-base') === '1' || aux.get('aof-preamble') === '1') {
    warnings.push('the snapshot is the base of an append-only file: what came after it is in other files')
  }
  if (version < 5) warnings.push('a snapshot of so old a version has no checksum: it may be damaged and look whole')
  const unknown = familyNamed(families, 'unknown')
  if (unknown !== undefined) warnings.push(`keys of no known family, carried all the same: ${unknown.keys}`)
  for (const { name, wrongType } of families) {
    if (wrongType > 0) warnings.push(`keys of the family "${name}" that do not hold what it holds: ${wrongType}`)
  }
  for (const name of ['backend jobs', 'failed backend jobs']) {
    if (familyNamed(families, name) !== undefined) warnings.push(`there are ${name}: the queues were not drained`)
  }
  if (familyNamed(families, 'Sidekiq of system') !== undefined) {
    warnings.push('there are keys of Sidekiq: system and backend share this Redis; they are left behind')
  }
  if (reader.functions.length > 0)
    warnings.push(`function libraries, which are not carried: ${reader.functions.length}`)
  if (inspection.keys === 0) warnings.push('the snapshot holds no key')
  return warnings
}

function wholeNumber(text: string | undefined, factor: number): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) * factor : null
}
