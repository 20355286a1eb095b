import type { Clock } from '../../base/clock.ts'
import { actionsFor, decisionFor, type Decisions, type ValueAction, type ValueClass } from '../../model/decision.ts'
import type { Finding, TableProgress } from '../../ports/system-database.ts'
import { DanglingKeys } from './dangling.ts'
import { type MysqlSource, quoteMysql, type RawRow } from './mysql-source.ts'
import { fault } from './faults.ts'
import { PhaseProgress } from './progress.ts'
import { describeKey, rowKey, type TableMove } from './table-move.ts'
import { type RowOutcome, transformRow } from './transform.ts'

const examplesPerFinding = 5

export interface Assessment {
  readonly findings: readonly Finding[]
  readonly tables: readonly { readonly name: string; readonly rows: number }[]
  /** For the copy, which must decide in the same way. */
  readonly dangling: DanglingKeys
}

/**
 * Reads every column that could hold a value PostgreSQL refuses, through the very code that the copy uses.
 *
 * A row that a decision sets aside makes orphans of the rows that name it; tables are read again until nothing grows.
 */
export async function assess(
  source: MysqlSource,
  moves: readonly TableMove[],
  decisions: Decisions,
  clock: Clock,
  onProgress: (progress: TableProgress) => void,
): Promise<Assessment> {
  refuseUnknownColumns(decisions, moves)
  const dangling = await DanglingKeys.find(source, moves)
  const progress = new PhaseProgress(
    'assess',
    moves.map((move) => move.source),
    clock,
    onProgress,
  )
  const results = new Map<string, { readonly rows: number; readonly findings: readonly Finding[] }>()
  let pending = new Set(moves)
  while (pending.size > 0) {
    const again = new Set<TableMove>()
    for (const move of moves) {
      if (!pending.has(move)) continue
      progress.begin(move.name, move.source.estimatedRows)
      const grown = new Set<string>()
      results.set(move.name, await assessTable(source, move, decisions, dangling, progress, grown))
      progress.end()
      // Children that come later in this round see the grown keys anyway.
      for (const other of moves) if (grown.has(other.name) && results.has(other.name)) again.add(other)
    }
    pending = again
  }
  return {
    dangling,
    tables: moves.map((move) => ({ name: move.name, rows: results.get(move.name)?.rows ?? 0 })),
    findings: [...results.values()].flatMap((result) => result.findings),
  }
}

/** A slip in a name would let the decision for the whole class stand where another one was meant. */
function refuseUnknownColumns(decisions: Decisions, moves: readonly TableMove[]): void {
  const columns = new Set(moves.flatMap((move) => move.columns.map(({ source }) => `${move.name}.${source.name}`)))
  for (const key of Object.keys(decisions)) {
    const column = key.split('@')[1]
    if (column !== undefined && !columns.has(column)) throw fault('DB_DECISION_UNKNOWN', { decision: key })
  }
}

/** True when nothing was found that still needs a person. */
export function isDecided(finding: Finding): boolean {
  return finding.decided !== 'stop' && finding.allowed.includes(finding.decided)
}

async function assessTable(
  source: MysqlSource,
  move: TableMove,
  decisions: Decisions,
  dangling: DanglingKeys,
  progress: PhaseProgress,
  grown: Set<string>,
): Promise<{ readonly rows: number; readonly findings: readonly Finding[] }> {
  const referenced = dangling.referencedColumns(move.source)
  const canFail = move.columns.some((column) => column.codec.canFail)
  if (!canFail && !dangling.touches(move)) {
    const [[count] = []] = await source.query(`SELECT COUNT(*) FROM ${quoteMysql(move.name)}`, `counting ${move.name}`)
    progress.add(Number(count), 0)
    return { rows: Number(count), findings: [] }
  }
  const tally = new Tally(move, decisions)
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
  return { rows: progress.rows, findings: tally.findings() }
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
  return `SELECT ${columns.join(', ')} FROM ${quoteMysql(move.name)}`
}

/** Findings of one table, by class and column. */
class Tally {
  readonly #move: TableMove
  readonly #decisions: Decisions
  readonly #found = new Map<string, { class: ValueClass; position: number; count: number; examples: string[] }>()

  constructor(move: TableMove, decisions: Decisions) {
    this.#move = move
    this.#decisions = decisions
  }

  count(row: RawRow, outcome: RowOutcome): void {
    switch (outcome.kind) {
      case 'as-is':
        return
      case 'changed':
        for (const { position, classes } of outcome.changes) for (const c of classes) this.#add(row, position, c)
        return
      case 'refused':
        for (const { position, classes } of outcome.changes) for (const c of classes) this.#add(row, position, c)
        for (const { position, valueClass } of outcome.refusals) this.#add(row, position, valueClass)
    }
  }

  findings(): readonly Finding[] {
    return [...this.#found.values()].map((found) => {
      const column = this.#move.columns[found.position]?.source
      const name = column?.name ?? ''
      return {
        class: found.class,
        table: this.#move.name,
        column: name,
        count: found.count,
        examples: found.examples,
        allowed: actionsFor(found.class).filter(
          (action: ValueAction) => action !== 'null' || column?.nullable === true,
        ),
        decided: decisionFor(this.#decisions, found.class, this.#move.name, name),
      }
    })
  }

  #add(row: RawRow, position: number, valueClass: ValueClass): void {
    const at = `${valueClass} ${position}`
    let found = this.#found.get(at)
    if (found === undefined) {
      found = { class: valueClass, position, count: 0, examples: [] }
      this.#found.set(at, found)
    }
    found.count++
    if (found.examples.length < examplesPerFinding) {
      const cells = this.#move.columns.map((column, i) => {
        const cell = row[i]
        return cell === null || cell === undefined ? null : column.canonical(cell)
      })
      found.examples.push(describeKey(this.#move, rowKey(this.#move, cells)))
    }
  }
}
