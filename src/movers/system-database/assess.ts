import type { Clock } from '../../base/clock.ts'
import type { Decisions } from '../../model/decision.ts'
import type { Finding, TableProgress } from '../../ports/system-database.ts'
import { DanglingKeys } from './values/dangling.ts'
import { fault } from './faults.ts'
import { Tally } from './values/findings.ts'
import { PhaseProgress, type TableProgressPart } from './progress.ts'
import type { SourceSession } from './source-session.ts'
import type { TableMove } from './table-move.ts'
import { type RowOutcome, transformRow } from './values/transform.ts'

export interface Assessment {
  readonly findings: readonly Finding[]
  readonly tables: readonly { readonly name: string; readonly rows: number }[]
}

/**
 * Reads every column that could hold a value PostgreSQL refuses, through the very code that the copy uses.
 *
 * A row that a decision sets aside makes orphans of the rows that name it; tables are read again until nothing grows.
 */
export async function assess(
  source: SourceSession,
  moves: readonly TableMove[],
  decisions: Decisions,
  clock: Clock,
  onProgress: (progress: TableProgress) => void,
): Promise<Assessment> {
  refuseUnknownColumns(decisions, moves)
  const dangling = await DanglingKeys.find([source], moves)
  const results = await assessTables({ source, decisions, dangling, clock, onProgress }, moves)
  return {
    tables: moves.map((move) => ({ name: move.name, rows: results.get(move.name)?.rows ?? 0 })),
    findings: [...results.values()].flatMap((result) => result.findings),
  }
}

/**
 * The orphans that a copy has to know of before its first row: those that the source has, and those that decisions make.
 * Only where rows may be set aside are tables read for it, and of these only the ones that others name.
 */
export async function findDangling(
  sources: readonly [SourceSession, ...SourceSession[]],
  moves: readonly TableMove[],
  decisions: Decisions,
  clock: Clock,
  onProgress: (progress: TableProgress) => void,
): Promise<DanglingKeys> {
  refuseUnknownColumns(decisions, moves)
  const dangling = await DanglingKeys.find(sources, moves)
  const [source] = sources
  const parents = moves.filter((move) => dangling.referencedColumns(move.source).size > 0)
  if (parents.length > 0 && Object.values(decisions).includes('quarantine')) {
    await assessTables({ source, decisions, dangling, clock, onProgress }, parents)
  }
  return dangling
}

interface AssessWork {
  readonly source: SourceSession
  readonly decisions: Decisions
  readonly dangling: DanglingKeys
  readonly clock: Clock
  readonly onProgress: (progress: TableProgress) => void
}

interface TableResult {
  readonly rows: number
  readonly findings: readonly Finding[]
}

async function assessTables(work: AssessWork, moves: readonly TableMove[]): Promise<ReadonlyMap<string, TableResult>> {
  const tables = moves.map((move) => move.source)
  const progress = new PhaseProgress('assess', tables, work.clock, work.onProgress)
  const results = new Map<string, TableResult>()
  let pending = new Set(moves)
  while (pending.size > 0) {
    const again = new Set<TableMove>()
    for (const move of moves) {
      if (!pending.has(move)) continue
      const part = progress.begin(move.name, move.source.estimatedRows)
      const grown = new Set<string>()
      results.set(move.name, await assessTable(work, move, part, grown))
      part.end()
      // Children that come later in this round see the grown keys anyway.
      for (const other of moves) if (grown.has(other.name) && results.has(other.name)) again.add(other)
    }
    pending = again
  }
  return results
}

/** A slip in a name would let the decision for the whole class stand where another one was meant. */
function refuseUnknownColumns(decisions: Decisions, moves: readonly TableMove[]): void {
  const columns = new Set(moves.flatMap((move) => move.columns.map(({ source }) => `${move.name}.${source.name}`)))
  for (const key of Object.keys(decisions)) {
    const column = key.split('@')[1]
    if (column !== undefined && !columns.has(column)) throw fault('DB_DECISION_UNKNOWN', { decision: key })
  }
}

async function assessTable(
  work: AssessWork,
  move: TableMove,
  progress: TableProgressPart,
  grown: Set<string>,
): Promise<TableResult> {
  const { source, decisions, dangling } = work
  const referenced = dangling.referencedColumns(move.source)
  const canFail = move.columns.some((column) => column.codec.canFail)
  if (!canFail && !dangling.touches(move)) {
    const sql = `SELECT COUNT(*) FROM ${move.dialect.from(move.source)}`
    const [[count] = []] = await source.query(sql, `counting ${move.name}`)
    progress.add(Number(count), 0)
    return { rows: Number(count), findings: [] }
  }
  const tally = new Tally(move)
  for await (const batch of source.read(selectSql(move, referenced), `reading ${move.name}`)) {
    let bytes = 0
    for (const row of batch) {
      const outcome = transformRow(move, row, decisions, dangling)
      tally.count(row, outcome)
      if (referenced.size > 0 && isSetAside(outcome))
        for (const child of dangling.setAside(move, row)) grown.add(child.name)
      for (const cell of row) bytes += cell?.length ?? 0
    }
    progress.add(batch.length, bytes)
  }
  return { rows: progress.rows, findings: tally.findings(decisions) }
}

function isSetAside(outcome: RowOutcome): boolean {
  return outcome.kind === 'refused' && outcome.refusals.every((refusal) => refusal.action === 'quarantine')
}

/** What cannot fail and names no row is read as NULL: it keeps its place and costs nothing. */
function selectSql(move: TableMove, referenced: ReadonlySet<string>): string {
  const needed = new Set(move.key)
  move.columns.forEach((column, position) => {
    const { name } = column.source
    const isKey = referenced.has(name) || move.foreignKeys.some((key) => key.columns.includes(name))
    if (column.codec.canFail || isKey || move.key.length === 0) needed.add(position)
  })
  const columns = move.columns.map((column, position) => (needed.has(position) ? column.codec.select : 'NULL'))
  return `SELECT ${columns.join(', ')} FROM ${move.dialect.from(move.source)}`
}
