import type { Clock } from '../../../base/clock.ts'
import type {
  DeclaredSums,
  Difference,
  VerifiedTable,
  VerifyReport,
  VerifyRequest,
} from '../../../ports/system-database.ts'
import { compareSchemas, type SchemaDifference } from '../schema/compare-schemas.ts'
import { readCopyAccount } from './copy-account.ts'
import { type DeclaredTable, declaredTable } from './declared-table.ts'
import { digestTable, type TableDigest } from './digest-table.ts'
import { columnsLeftOut, expectedOf, otherRelease, withoutColumns } from './expected.ts'
import { narrow } from './narrow.ts'
import { type Partition, planPartition } from './partition.ts'
import { openSource } from '../open-source.ts'
import { PostgresTarget } from '../postgres-target.ts'
import { PhaseProgress, type TableProgressPart } from '../progress.ts'
import { holdsSameAccount, readLedger, type TableLedger } from './read-ledger.ts'
import { readPostgresCatalog } from '../schema/read-postgres-catalog.ts'
import { RowSum } from '../row-hash.ts'
import type { SourceSession } from '../source-session.ts'
import { sourceSide, targetSide } from './side.ts'
import { planMoves, type TableMove } from '../table-move.ts'
import type { TargetSchema } from '../schema/target-schema.ts'

const listedPerTable = 20
const noRows = new RowSum().hex
// Where there is nothing to compare with, nothing is narrowed.
const undivided: Partition = { kind: 'hash', count: 1 }

/**
 * Reads both databases afresh and compares them: schema, rows and digests per table and per tenant.
 *
 * Nothing of the copy's conversions is used. What decisions changed is taken from the ledger in the target, and each
 * entry is checked against what both sides hold. A difference is narrowed down to rows and columns. With `declared` the
 * target may be the database at the end of a migration: what is declared is no difference, and all else is.
 */
export async function verifySystemDatabase(request: VerifyRequest, clock: Clock): Promise<VerifyReport> {
  const startedMs = clock.elapsedMs()
  const source = await openSource(request.source, request.signal)
  let target: PostgresTarget | undefined
  try {
    target = await PostgresTarget.open(request.target, request.signal)
    const { session } = source
    await source.refuseAsTarget(target)
    await session.beginSnapshot()
    await target.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', 'beginning a snapshot')
    const changes = request.declared?.changes ?? []
    const read = await source.readSchema()
    const expected = expectedOf(read, changes)
    const { catalog } = expected
    const actual = await readPostgresCatalog(target)
    const schemaDifferences = compareSchemas(expected.afterwards, actual)
    const leftOut = columnsLeftOut(changes)
    const moves = planMoves(catalog, expected.schema, session.dialect).map((move) => withoutColumns(move, leftOut))
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
      checks.push(
        await checkTable(
          { source: session, target, move, actual, declared: declaredTable(changes, move), isSameCopy },
          schemaDifferences,
          part,
        ),
      )
      part.end()
    }
    const copy = await readCopyAccount(target, new Map(checks.map((check) => [check.table.name, check.ledger])))
    const differences = [
      ...(await unfinishedCopy(target)),
      ...expected.differences,
      ...(await otherRelease(target, changes)),
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
        cells: checks.reduce((sum, check) => sum + check.copied.cells, 0),
        rows: checks.reduce((sum, check) => sum + check.copied.rows, 0),
      },
      declaration: request.declared === undefined ? null : sumOf(checks.map((check) => check.declared)),
      notChecked: [
        ...notChecked,
        ...read.notes,
        ...expected.notChecked,
        ...[...leftOut].map((column) => `${column}, whose values are declared to be others`),
      ],
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
  /** Entries of the copy's account that were met. */
  readonly copied: { readonly cells: number; readonly rows: number }
  readonly declared: DeclaredSums
}

interface TableAtBoth {
  readonly source: SourceSession
  readonly target: PostgresTarget
  readonly move: TableMove
  /** What the target is like. */
  readonly actual: TargetSchema
  readonly declared: DeclaredTable
  /** Both sides hold the account of one copy. */
  readonly isSameCopy: boolean
}

async function checkTable(
  { source, target, move, actual, declared, isSameCopy }: TableAtBoth,
  schemaDifferences: readonly SchemaDifference[],
  progress: TableProgressPart,
): Promise<TableCheck> {
  const there = actual.tables.find((table) => table.name === move.name)
  const columnsMissing = move.columns.some(
    ({ source: { name } }) => !there?.columns.some((column) => column.name === name),
  )
  const ledger = await readLedger(target, move, there, declared, isSameCopy)
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
    ...ledger.untrue,
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
    copied: { cells: left.matched.copy, rows: left.setAside },
    declared: {
      renamed: left.matched.rename,
      cells: left.matched.declaration,
      added: right.leftOut,
      removed: left.leftOut,
    },
  }
}

function sumOf(all: readonly DeclaredSums[]): DeclaredSums {
  const sum = (of: keyof DeclaredSums) => all.reduce((total, one) => total + one[of], 0)
  return { renamed: sum('renamed'), cells: sum('cells'), added: sum('added'), removed: sum('removed') }
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
    copied: { cells: 0, rows: 0 },
    declared: { renamed: 0, cells: 0, added: 0, removed: 0 },
  }
}

/** Every entry must be met on both sides, or it declares something that is not so. */
function unmatched(move: TableMove, ledger: TableLedger, left: TableDigest, right: TableDigest): Difference[] {
  const at = (side: string, missing: number, whose = ''): Difference[] =>
    missing === 0
      ? []
      : [
          {
            kind: 'ledger',
            table: move.name,
            key: '',
            column: '',
            says: `${missing} entries${whose} name no row of the ${side}`,
          },
        ]
  const { copy, rename, declaration } = ledger.counts
  return [
    ...at('source', copy - left.matched.copy),
    ...at('target', copy - right.matched.copy),
    ...at('source', rename - left.matched.rename, ' of renamed hosts'),
    ...at('target', rename - right.matched.rename, ' of renamed hosts'),
    ...at('source', declaration - left.matched.declaration, ' of the declaration'),
    ...at('target', declaration - right.matched.declaration, ' of the declaration'),
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
