import { actionsFor, decisionFor, type Decisions, type ValueAction, type ValueClass } from '../../../model/decision.ts'
import type { Finding } from '../../../ports/system-database.ts'
import type { RawRow } from '../source-session.ts'
import { describeKey, rowKey, type TableMove } from '../table-move.ts'
import type { RowOutcome } from './transform.ts'

const examplesPerFinding = 5

/** How often one class was met in one column; the part of a finding that does not follow from the decisions. */
export interface FindingCount {
  readonly class: ValueClass
  readonly column: string
  readonly count: number
  readonly examples: readonly string[]
}

/** Findings of one table, by class and column. */
export class Tally {
  readonly #move: TableMove
  readonly #found = new Map<string, { class: ValueClass; column: string; count: number; examples: string[] }>()

  constructor(move: TableMove) {
    this.#move = move
  }

  count(row: RawRow, outcome: RowOutcome): void {
    if (outcome.kind === 'as-is') return
    for (const { position, classes } of outcome.changes) for (const c of classes) this.#add(row, position, c)
    if (outcome.kind === 'changed') return
    for (const { position, valueClass } of outcome.refusals) this.#add(row, position, valueClass)
  }

  /** Adds what another pass over other rows of the table has counted. */
  merge(counts: readonly FindingCount[]): void {
    for (const { class: valueClass, column, count, examples } of counts) {
      const found = this.#find(valueClass, column)
      found.count += count
      found.examples.push(...examples.slice(0, examplesPerFinding - found.examples.length))
    }
  }

  get counts(): readonly FindingCount[] {
    return [...this.#found.values()]
  }

  findings(decisions: Decisions): readonly Finding[] {
    return this.counts.map((found) => {
      const column = this.#move.columns.find(({ source }) => source.name === found.column)?.source
      return {
        ...found,
        table: this.#move.name,
        allowed: actionsFor(found.class).filter(
          (action: ValueAction) => action !== 'null' || column?.nullable === true,
        ),
        decided: decisionFor(decisions, found.class, this.#move.name, found.column),
      }
    })
  }

  #add(row: RawRow, position: number, valueClass: ValueClass): void {
    const found = this.#find(valueClass, this.#move.columns[position]?.source.name ?? '')
    found.count++
    if (found.examples.length >= examplesPerFinding) return
    const cells = this.#move.columns.map((column, i) => {
      const cell = row[i]
      return cell === null || cell === undefined ? null : column.canonical(cell)
    })
    found.examples.push(describeKey(this.#move, rowKey(this.#move, cells)))
  }

  #find(valueClass: ValueClass, column: string) {
    const at = `${valueClass} ${column}`
    let found = this.#found.get(at)
    if (found === undefined) {
      found = { class: valueClass, column, count: 0, examples: [] }
      this.#found.set(at, found)
    }
    return found
  }
}

/** True when nothing was found that still needs a person. */
export function isDecided(finding: Finding): boolean {
  return finding.decided !== 'stop' && finding.allowed.includes(finding.decided)
}
