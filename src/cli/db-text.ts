import { never } from '../base/never.ts'
import { valueClasses } from '../model/decision.ts'
import type {
  AssessReport,
  CopyReport,
  Difference,
  Finding,
  SourceFacts,
  VerifyReport,
} from '../ports/system-database.ts'
import type { Paint } from './print-fault.ts'
import { bytes, count, duration } from './progress-line.ts'

// From so many on, missing tables are one line: nothing was copied, or the copy was cut off.
const manyTables = 5

/** An assessment for a person: the verdict first, then what needs a decision, then what to know. */
export function assessText(report: AssessReport, paint: Paint): string {
  const rows = report.tables.reduce((sum, table) => sum + table.rows, 0)
  const verdict = {
    clean: paint(['bold', 'green'], '✓ clean: every value can be stored as it is'),
    decided: paint(['bold', 'green'], '✓ decided: what cannot be stored as it is has a decision'),
    undecided: paint(['bold', 'yellow'], '! undecided: values cannot be stored as they are'),
  }[report.verdict]
  return lines([
    verdict,
    `${sourceText(report.source)}: ${count(report.tables.length)} tables, ${count(rows)} rows`,
    ...findingsText(report.findings, paint),
    ...notesText(report.notes),
  ])
}

export function copyText(report: CopyReport, paint: Paint): string {
  if (report.verdict === 'stopped') {
    return lines([
      paint(['bold', 'yellow'], '! stopped before anything was copied: decisions are needed'),
      sourceText(report.source),
      ...findingsText(report.findings, paint),
      ...notesText(report.notes),
    ])
  }
  const rows = report.tables.reduce((sum, table) => sum + table.rows, 0)
  const size = report.tables.reduce((sum, table) => sum + table.bytes, 0)
  const seconds = report.tookMs / 1000
  const largest = report.tables.toSorted((a, b) => b.bytes - a.bytes).slice(0, 8)
  return lines([
    paint(
      ['bold', 'green'],
      `✓ copied ${count(report.tables.length)} tables, ${count(rows)} rows, ${bytes(size)} in ${duration(seconds)}`,
    ),
    `${sourceText(report.source)}, ${report.source.snapshot}`,
    ...largest.map(
      (table) => `  ${table.name.padEnd(32)} ${count(table.rows).padStart(12)} rows  ${bytes(table.bytes).padStart(9)}`,
    ),
    report.changed + report.setAside === 0
      ? 'No value was changed and no row set aside.'
      : `By decision ${count(report.changed)} values were changed and ${count(report.setAside)} rows set aside; the target's schema threeshift accounts for each.`,
    ...notesText(report.notes),
    'Next: threeshift db verify, with the same source and target',
  ])
}

export function verifyText(report: VerifyReport, paint: Paint): string {
  const rows = report.tables.reduce((sum, table) => sum + table.rows, 0)
  const tenants = new Set(report.tables.flatMap((table) => table.tenants.map((tenant) => tenant.tenant)))
  tenants.delete('none')
  const missing = report.differences.filter((difference) => difference.kind === 'missing-table')
  const listed =
    missing.length > manyTables ? report.differences.filter((d) => d.kind !== 'missing-table') : report.differences
  const declared = report.declared.cells + report.declared.rows
  return lines([
    report.verdict === 'equal'
      ? paint(
          ['bold', 'green'],
          `✓ equal: ${count(report.tables.length)} tables, ${count(rows)} rows, ${count(tenants.size)} tenant ids (the master account’s among them)`,
        )
      : paint(
          ['bold', 'red'],
          `✗ different: ${count(report.differences.length)}${report.truncated ? ' or more' : ''} difference${report.differences.length === 1 ? '' : 's'}`,
        ),
    `${sourceText(report.source)}; compared in ${duration(report.tookMs / 1000)}`,
    ...(listed.length < report.differences.length
      ? [
          `  ${count(missing.length)} tables are missing on one side; if nothing was copied yet, the next step is threeshift db copy`,
        ]
      : []),
    ...listed.map((difference) => `  ${differenceText(difference)}`),
    ...(report.truncated ? ['  … and more: only the first of each table are listed'] : []),
    declared === 0
      ? 'No difference was declared.'
      : `Declared by decision and checked against the ledger: ${count(report.declared.cells)} values, ${count(report.declared.rows)} rows set aside.`,
    ...declarationText(report.declaration),
    `Not checked: ${report.notChecked.join('; ')}.`,
  ])
}

function declarationText(declaration: VerifyReport['declaration']): readonly string[] {
  if (declaration === null) return []
  const { renamed, cells, added, removed } = declaration
  return [
    `Declared by the migration: ${count(renamed)} cells with renamed hosts, each checked; ${count(cells)} other cells; ` +
      `${count(added)} rows more, ${count(removed)} rows fewer.`,
  ]
}

/** One difference as a sentence; also for pages. */
export function differenceText(difference: Difference): string {
  switch (difference.kind) {
    case 'missing-table':
      return `table ${difference.table} is missing in the ${difference.side}`
    case 'missing-row':
      return `${difference.table} row ${difference.key} is missing in the target`
    case 'extra-row':
      return `${difference.table} row ${difference.key} is in the target only`
    case 'changed-row':
      return `${difference.table} row ${difference.key} differs in ${difference.columns.join(', ')}`
    case 'ledger':
      return `${difference.table} ${[difference.column, difference.key].filter((part) => part !== '').join(' of row ')}: ${difference.says}`
    case 'schema':
      return `${difference.table}: ${difference.says}`
    default:
      return never(difference)
  }
}

function findingsText(findings: readonly Finding[], paint: Paint): string[] {
  const classes = Map.groupBy(findings, (finding) => finding.class)
  return [...classes].flatMap(([valueClass, found]) => [
    paint('bold', `${valueClass}: ${valueClasses[valueClass].says}`),
    ...found.map((finding) => {
      const decided = finding.allowed.includes(finding.decided)
        ? finding.decided
        : `${finding.decided} (not possible here)`
      return (
        `  ${finding.table}.${finding.column}: ${count(finding.count)}, such as row ${finding.examples.join('; ')}` +
        ` — decided: ${decided}; possible: ${finding.allowed.join(', ')}`
      )
    }),
    ...(found.some((finding) => finding.decided === 'stop')
      ? [`  decide with --decide ${valueClass}=ACTION, or ${valueClass}@TABLE.COLUMN=ACTION for one column`]
      : []),
  ])
}

function notesText(notes: readonly string[]): string[] {
  return notes.length === 0 ? [] : ['Mind:', ...notes.map((note) => `  ${note}`)]
}

/** Such as `3scale 2.13 on MariaDB 10.11.19`. */
export function sourceText(source: SourceFacts): string {
  const product = { mysql: 'MySQL', mariadb: 'MariaDB', postgresql: 'PostgreSQL' }[source.product]
  return `${source.release === null ? 'A database that is not 3scale’s' : `3scale ${source.release}`} on ${product} ${source.version}`
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
