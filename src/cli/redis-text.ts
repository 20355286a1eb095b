import type { InspectReport, RedisCopyReport, RedisDifference, RedisVerifyReport } from '../ports/redis.ts'
import type { Paint } from './print-fault.ts'
import { bytes, count, duration } from './progress-line.ts'

export function inspectText(report: InspectReport, paint: Paint): string {
  const version = report.aux['redis-ver'] ?? 'unknown'
  return lines([
    report.verdict === 'clean'
      ? paint(['bold', 'green'], `✓ clean: ${count(report.keys)} keys, ${bytes(report.bytes)}`)
      : paint(['bold', 'yellow'], `! ${count(report.keys)} keys, ${bytes(report.bytes)}, with warnings`),
    `Redis ${version}, RDB version ${report.rdbVersion}; ${ageText(report.ageMs)}`,
    ...report.families.map(
      (family) =>
        `  ${family.name.padEnd(32)} ${count(family.keys).padStart(12)} keys  ${family.handling.padEnd(6)} ${family.class}`,
    ),
    `${count(report.services.length)} services; the target will need about ${bytes(report.memory.carriedBytes)}, with --carry all ${bytes(report.memory.allBytes)}`,
    ...noteLines(report.warnings),
  ])
}

export function copyText(report: RedisCopyReport, paint: Paint): string {
  const skipped = report.skipped.reduce((sum, family) => sum + family.keys, 0)
  return lines([
    paint(['bold', 'green'], `✓ copied ${count(report.keys)} keys in ${duration(report.tookMs / 1000)}`),
    ...(report.resumed ? ['Gone on with from the checkpoint of an earlier run.'] : []),
    ...report.families.map((family) => `  ${family.name.padEnd(32)} ${count(family.keys).padStart(12)} keys`),
    ...(skipped === 0
      ? []
      : [
          `Left behind ${count(skipped)} keys: ${report.skipped.map((one) => `${one.name} ${count(one.keys)}`).join(', ')}`,
        ]),
    ...(report.expired === 0 ? [] : [`${count(report.expired)} keys had expired before they were copied.`]),
    ...(report.followed === null
      ? []
      : [
          `Then followed the source: ${count(report.followed.commands)} commands carried out, ${count(report.followed.skipped)} about nothing that is carried, up to offset ${report.followed.offset}.`,
        ]),
    ...noteLines(report.notes),
    'Next: threeshift redis verify, with the same source, target and --carry',
  ])
}

export function verifyText(report: RedisVerifyReport, paint: Paint): string {
  const unequal = report.stats.filter((one) => one.sum !== one.targetSum)
  const services = new Set(report.stats.map((one) => one.service))
  return lines([
    report.verdict === 'equal'
      ? paint(['bold', 'green'], `✓ equal: ${count(report.keys)} keys, ${count(services.size)} services`)
      : paint(['bold', 'red'], `✗ different: ${count(report.differenceCount)} keys`),
    `Compared in ${duration(report.tookMs / 1000)}`,
    ...report.differences.map((difference) => `  ${differenceText(difference)}`),
    ...(report.differenceCount > report.differences.length ? ['  … and more: only the first are listed'] : []),
    ...unequal.map(
      (one) =>
        `  service ${one.service}, ${one.metric}, ${one.period}: the source's sum is ${one.sum}, the target's ${one.targetSum}`,
    ),
    ...(report.expired === 0 ? [] : [`${count(report.expired)} keys have expired since the snapshot.`]),
    ...noteLines(report.notChecked.map((one) => `not checked: ${one}`)),
  ])
}

const meaning: Readonly<Record<RedisDifference['kind'], string>> = {
  missing: 'is missing in the target',
  changed: 'has another value in the target',
  type: 'has another type in the target',
  expiry: 'expires at another time in the target',
  extra: 'is in the target only',
}

function differenceText(difference: RedisDifference): string {
  return `${difference.key} (${difference.family}, database ${difference.database}) ${meaning[difference.kind]}`
}

function ageText(ageMs: number | null): string {
  return ageMs === null ? 'it does not say when it was taken' : `taken ${duration(ageMs / 1000)} ago`
}

function noteLines(notes: readonly string[]): string[] {
  return notes.length === 0 ? [] : ['Mind:', ...notes.map((note) => `  ${note}`)]
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
