import type { Clock } from '../../../base/clock.ts'
import type { Difference, MoveRequest, VerifiedTable, VerifyReport } from '../../../ports/system-database.ts'
import { compareSchemas, type SchemaDifference } from '../schema/compare-schemas.ts'
import { readCopyAccount } from './copy-account.ts'
import { digestTable, type TableDigest } from './digest-table.ts'
import { narrow } from './narrow.ts'
import { type Partition, planPartition } from './partition.ts'
import { openSource } from '../open-source.ts'
import { PostgresTarget } from '../postgres-target.ts'
import { PhaseProgress, type TableProgressPart } from '../progress.ts'
import { holdsSameAccount, noLedger, readLedger, type TableLedger } from './read-ledger.ts'
import { readPostgresCatalog } from '../schema/read-postgres-catalog.ts'
import { RowSum } from '../row-hash.ts'
import type { SourceSession } from '../source-session.ts'
import { sourceSide, targetSide } from './side.ts'
import { planMoves, type TableMove } from '../table-move.ts'
import type { TargetTable } from '../schema/target-schema.ts'

const listedPerTable = 20
const noRows = new RowSum().hex
// Where there is nothing to compare with, nothing is narrowed.
const undivided: Partition = { kind: 'hash', count: 1 }

/**
 * Reads both databases afresh and compares them: schema, rows and digests per table and per tenant.
 *
 * Nothing of the copy's conversions is used. What decisions changed is taken from the ledger in the target, and each
 * entry is checked against what both sides hold. A difference is narrowed down to rows and columns.
 */
export async function verifySystemDatabase(request: MoveRequest, clock: Clock): Promise<VerifyReport> {
  const startedMs = clock.elapsedMs()
  const source = await openSource(request.source, request.signal)
  let target: PostgresTarget | undefined
  try {
    target = await PostgresTarget.open(request.target, request.signal)
    const { session } = source
    await source.refuseAsTarget(target)
    await session.beginSnapshot()
    await target.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', 'beginning a snapshot')
    const plan = await source.readSchema()
    const { catalog } = plan
    const actual = await readPostgresCatalog(target)
    const schemaDifferences = compareSchemas(plan.schema, actual)
    const moves = planMoves(catalog, plan.schema, session.dialect)
    const progress = new PhaseProgress(
      'verify',
      moves.map((move) => move.source),
      clock,
      request.onProgress,
    )
    const isSameCopy = await holdsSameAccount(session, target)
    const checks: TableCheck[] = []
    for (const move of moves) {
      const part = progress.begin(move.name, move.source.estimatedRows)
      const there = actual.tables.find((table) => table.name === move.name)
      const ledger = isSameCopy ? noLedger() : await readLedger(target, move, there)
      checks.push(await checkTable({ source: session, target, move, there, ledger }, schemaDifferences, part))
      part.end()
    }
    const copy = await readCopyAccount(target, new Map(checks.map((check) => [check.table.name, check.ledger])))
    const differences = [
      ...(await unfinishedCopy(target)),
      ...schemaDifferences.flatMap(differenceOf),
      ...checks.flatMap((check) => check.differences),
    ]
    return {
      verdict: differences.length === 0 ? 'equal' : 'different',
      source: catalog.facts,
      tables: checks.map((check) => check.table).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      differences,
      truncated: checks.some((check) => check.truncated),
      copy,
      declared: {
        cells: checks.reduce((sum, check) => sum + check.declaredCells, 0),
        rows: checks.reduce((sum, check) => sum + check.declaredRows, 0),
      },
      notChecked: [...notChecked, ...plan.notes],
      tookMs: clock.elapsedMs() - startedMs,
    }
  } finally {
    await source.close()
    await target?.close()
  }
}

interface TableCheck {
  readonly table: VerifiedTable
  readonly ledger: TableLedger
  readonly differences: readonly Difference[]
  readonly truncated: boolean
  readonly declaredCells: number
  readonly declaredRows: number
}

interface TableAtBoth {
  readonly source: SourceSession
  readonly target: PostgresTarget
  readonly move: TableMove
  /** As the target has it; undefined where it has none. */
  readonly there: TargetTable | undefined
  readonly ledger: TableLedger
}

async function checkTable(
  { source, target, move, there, ledger }: TableAtBoth,
  schemaDifferences: readonly SchemaDifference[],
  progress: TableProgressPart,
): Promise<TableCheck> {
  const columnsMissing = move.columns.some(
    ({ source: { name } }) => !there?.columns.some((column) => column.name === name),
  )
  const from = sourceSide(source, move, ledger)
  if (there === undefined || columnsMissing) {
    const digest = await digestTable(from, move, undivided, progress)
    return unreadable(move, ledger, digest)
  }
  const to = targetSide(target, move, there, ledger)
  const partition = await planPartition(source, target, move, there)
  const [left, right] = await Promise.all([
    digestTable(from, move, partition, progress),
    digestTable(to, move, partition),
  ])
  const equal = left.sum.equals(right.sum)
  const narrowed = equal
    ? { differences: [], truncated: false }
    : await narrow({ source: from, target: to, move }, partition, left, right, listedPerTable)
  const ledgerDifferences = [
    ...left.ledgerDifferences,
    ...right.ledgerDifferences,
    ...unmatched(move, ledger, left, right),
    ...(await left.orphans.disprove(target, listedPerTable + 1)),
  ]
  return {
    table: {
      ...summaryOf(move, left),
      equal:
        equal && ledgerDifferences.length === 0 && !schemaDifferences.some((d) => d.table === move.name && !d.surplus),
      targetRows: right.sum.rows,
      targetDigest: right.sum.hex,
      tenants: [...new Set([...left.tenants.keys(), ...right.tenants.keys()])].toSorted(numerically).map((tenant) => {
        const [a, b] = [left.tenants.get(tenant), right.tenants.get(tenant)]
        return {
          tenant,
          rows: a?.rows ?? 0,
          digest: a?.hex ?? noRows,
          targetRows: b?.rows ?? 0,
          targetDigest: b?.hex ?? noRows,
          equal: a !== undefined && b !== undefined && a.equals(b),
        }
      }),
    },
    ledger,
    differences: [...narrowed.differences, ...ledgerDifferences.slice(0, listedPerTable)],
    truncated: narrowed.truncated || ledgerDifferences.length > listedPerTable,
    declaredCells: left.matchedCells,
    declaredRows: left.setAside,
  }
}

function summaryOf(move: TableMove, digest: TableDigest): Pick<VerifiedTable, 'name' | 'rows' | 'digest'> {
  return { name: move.name, rows: digest.sum.rows, digest: digest.sum.hex }
}

/** The target lacks the table or one of its columns; the schema differences say which. */
function unreadable(move: TableMove, ledger: TableLedger, digest: TableDigest): TableCheck {
  const tenants = [...digest.tenants].map(([tenant, sum]) => ({
    tenant,
    rows: sum.rows,
    digest: sum.hex,
    targetRows: 0,
    targetDigest: '',
    equal: false,
  }))
  return {
    table: { ...summaryOf(move, digest), equal: false, targetRows: 0, targetDigest: '', tenants },
    ledger,
    differences: [],
    truncated: false,
    declaredCells: 0,
    declaredRows: 0,
  }
}

/** Every entry of the ledger must be met on both sides, or it declares something that is not so. */
function unmatched(move: TableMove, ledger: TableLedger, left: TableDigest, right: TableDigest): Difference[] {
  const at = (side: string, missing: number): Difference[] =>
    missing === 0
      ? []
      : [
          {
            kind: 'ledger',
            table: move.name,
            key: '',
            column: '',
            says: `${missing} entries name no row of the ${side}`,
          },
        ]
  return [
    ...at('source', ledger.changed.count - left.matchedCells),
    ...at('target', ledger.changed.count - right.matchedCells),
    ...at('source', ledger.setAside.count - left.setAside),
  ]
}

function differenceOf(difference: SchemaDifference): readonly Difference[] {
  const { table, aspect, says, surplus } = difference
  if (aspect === 'table') return [{ kind: 'missing-table', table, side: surplus ? 'source' : 'target' }]
  // An index more than was planned changes no answer.
  return surplus && aspect === 'index' ? [] : [{ kind: 'schema', table, says }]
}

async function unfinishedCopy(target: PostgresTarget): Promise<readonly Difference[]> {
  const [[exists] = []] = await target.query(`SELECT to_regclass('threeshift.copy')`, 'looking for the ledger')
  if (exists === null) return []
  const [[finished = null] = []] = await target.query('SELECT finished_at FROM threeshift.copy', 'reading the ledger')
  return finished === null ? [{ kind: 'schema', table: 'threeshift.copy', says: 'the last copy was cut off' }] : []
}

const notChecked = [
  'the texts of trigger and procedure bodies (their presence is checked)',
  'users, roles and grants of the databases',
]

function numerically(a: string, b: string): number {
  return Number(a) - Number(b) || (a < b ? -1 : 1)
}
