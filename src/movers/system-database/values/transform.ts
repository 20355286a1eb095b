import { type Decisions, decisionFor, type ValueAction, type ValueClass } from '../../../model/decision.ts'
import type { DanglingKeys } from './dangling.ts'
import type { RawRow } from '../source-session.ts'
import { orphanColumn, type TableMove } from '../table-move.ts'

/** A cell that cannot travel as it is, and what was decided. `value` is what the target gets; null is NULL. */
export interface CellChange {
  readonly position: number
  readonly classes: readonly ValueClass[]
  readonly action: Exclude<ValueAction, 'stop' | 'quarantine'>
  readonly value: Buffer | null
}

/** A cell that keeps its row from travelling: set aside by decision, or not decided at all. */
export interface CellRefusal {
  readonly position: number
  readonly valueClass: ValueClass
  readonly action: 'stop' | 'quarantine'
}

export type RowOutcome =
  | { readonly kind: 'as-is' }
  | { readonly kind: 'changed'; readonly changes: readonly CellChange[] }
  | { readonly kind: 'refused'; readonly refusals: readonly CellRefusal[]; readonly changes: readonly CellChange[] }

const asIs: RowOutcome = { kind: 'as-is' }

/**
 * Decides what happens to one row. Every cell that is of some class is looked at, so that an assessment counts all.
 *
 * `null` in a column that may not be NULL is taken as `stop`; the assessment has said so by then.
 */
export function transformRow(move: TableMove, row: RawRow, decisions: Decisions, dangling: DanglingKeys): RowOutcome {
  let changes: CellChange[] | undefined
  let refusals: CellRefusal[] | undefined
  const take = (outcome: CellChange | CellRefusal): void => {
    if ('value' in outcome) {
      changes ??= []
      changes.push(outcome)
    } else {
      refusals ??= []
      refusals.push(outcome)
    }
  }
  for (let position = 0; position < row.length; position++) {
    const cell = row[position]
    const column = move.columns[position]
    if (cell === null || cell === undefined || column === undefined || !column.codec.canFail) continue
    const valueClass = column.codec.classify(cell)
    if (valueClass !== null) take(transformCell(move, position, cell, valueClass, decisions))
  }
  for (const key of dangling.orphanKeys(move, row)) {
    const name = orphanColumn(move.source, key)
    const position = move.columns.findIndex((column) => column.source.name === name)
    const action = possible(move, position, decisionFor(decisions, 'orphan', move.name, name))
    if (action === 'null') {
      // The column may have been changed already (a NUL in a text key); the cell is one, and NULL is what it becomes.
      const before = changes?.find((change) => change.position === position)
      changes = changes?.filter((change) => change !== before)
      take({ position, classes: [...(before?.classes ?? []), 'orphan'], action, value: null })
    } else take({ position, valueClass: 'orphan', action: action === 'quarantine' ? action : 'stop' })
  }
  if (refusals !== undefined) return { kind: 'refused', refusals, changes: changes ?? [] }
  return changes === undefined ? asIs : { kind: 'changed', changes }
}

/** A replaced value may be of another class (a NUL within broken text), which has a decision of its own. */
function transformCell(
  move: TableMove,
  position: number,
  cell: Buffer,
  found: ValueClass,
  decisions: Decisions,
): CellChange | CellRefusal {
  const column = move.columns[position]
  if (column === undefined) throw new Error(`bug: ${move.name} has no column ${position}`)
  const classes: ValueClass[] = []
  let value = cell
  let valueClass: ValueClass | null = found
  while (valueClass !== null) {
    if (classes.includes(valueClass)) throw new Error(`bug: replacing ${valueClass} in ${move.name} leaves it there`)
    classes.push(valueClass)
    const action = possible(move, position, decisionFor(decisions, valueClass, move.name, column.source.name))
    if (action === 'stop' || action === 'quarantine') return { position, valueClass, action }
    if (action === 'null') return { position, classes, action, value: null }
    value = column.codec.replace(value, valueClass)
    valueClass = column.codec.classify(value)
  }
  return { position, classes, action: 'replace', value }
}

function possible(move: TableMove, position: number, action: ValueAction): ValueAction {
  return action === 'null' && move.columns[position]?.source.nullable !== true ? 'stop' : action
}
