import { Fault } from '../base/fault.ts'
import { never } from '../base/never.ts'
import type { Declaration } from '../model/declaration.ts'
import type { Measurement, StepContext } from '../ports/step.ts'
import type { Difference, VerifyReport } from '../ports/system-database.ts'
import { moveBetween } from './databases.ts'
import { fault } from './faults.ts'
import { measure, measureNone } from './measure.ts'
import { domainOf } from './places.ts'
import type { Tools } from './tools.ts'

/** What came of comparing the source's database with the destination's. */
export interface DatabaseVerdict {
  readonly says: string
  readonly measured: readonly Measurement[]
  readonly report: VerifyReport
}

/**
 * Reads both databases, each once, and compares every row and column that nobody has declared; then what the destination
 * would do with new rows, and whether a host of an old domain is left. Faults: STEP_SOURCE_SILENT.
 */
export async function verifyDatabase(
  tools: Tools,
  context: StepContext,
  declared: Declaration,
): Promise<DatabaseVerdict> {
  const { migration, signal } = context
  const source = await tools.database(migration.source.database.url)
  const target = await tools.database(migration.destination.database)
  // Without this look nobody would be told which of the two does not answer, and why.
  await tools.threescaleDatabase.version(source, { signal }).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== 'DB_UNREACHABLE') throw error
    throw fault('STEP_SOURCE_SILENT', { reference: migration.source.database.url }, error)
  })
  const report = await tools.systemDatabase.verify({ ...moveBetween(tools, context, source, target), declared })
  const writes = await tools.threescaleDatabase.tryWrites(target, { signal })
  const tenants = report.tables.flatMap((table) => table.tenants)
  const { renamed = 0, cells = 0, added = 0, removed = 0 } = report.declaration ?? {}
  return {
    says:
      `${report.tables.length} tables compared with the source; declared and looked at: ${renamed} renamed hosts, ` +
      `${report.declared.cells + cells} cells, ${added} rows more, ${report.declared.rows + removed} rows fewer`,
    measured: [
      measureNone('differences of the databases', report.differences.map(inWords), 20),
      measure('all differences are listed', true, !report.truncated),
      measure(
        'digests per table and tenant that are equal',
        tenants.length,
        tenants.filter(({ equal }) => equal).length,
      ),
      measureNone('tables whose trigger gives rows no tenant', writes.triggers.failing),
      measureNone('tables whose next id is taken', writes.sequences.colliding),
      measureNone('hosts of an old domain', await oldHosts(tools, context)),
    ],
    report,
  }
}

/** Keys of rows are numbers or hashes; a value is never told. */
function inWords(difference: Difference): string {
  const { table } = difference
  switch (difference.kind) {
    case 'changed-row':
      return `${table} row ${difference.key} in ${difference.columns.join(' and ')}`
    case 'ledger':
      return `${table} ${difference.column} row ${difference.key}: ${difference.says}`
    case 'schema':
      return `${table}: ${difference.says}`
    case 'missing-row':
    case 'extra-row':
      return `${table} row ${difference.key} is ${difference.kind === 'missing-row' ? 'missing' : 'there in addition'}`
    case 'missing-table':
      return `table ${table} is missing at the ${difference.side}`
    default:
      return never(difference)
  }
}

async function oldHosts(tools: Tools, { migration, signal }: StepContext): Promise<readonly string[]> {
  const database = await tools.database(migration.destination.database)
  const to = domainOf(migration, 'destination')
  const left: string[] = []
  for (const place of ['source', 'migration'] as const) {
    const from = domainOf(migration, place)
    if (from === to) continue
    const { renames, configurations } = await tools.hostNames.preview({ database, from, to, also: new Map(), signal })
    left.push(...renames.map(({ before }) => before))
    if (configurations > 0) left.push(`${configurations} configurations below ${from}`)
  }
  return left
}
