import { never } from '../../../base/never.ts'
import type { TargetDefault, TargetIndexPart, TargetSchema, TargetTable } from './target-schema.ts'

/** One way in which a schema is not as planned. `table` is its table; `says` a sentence for a person. */
export interface SchemaDifference {
  readonly table: string
  readonly aspect:
    | 'table'
    | 'column'
    | 'primary key'
    | 'index'
    | 'foreign key'
    | 'sequence'
    | 'sequence position'
    | 'trigger'
    | 'peculiarity'
  readonly says: string
  /** True for what is there beyond the plan. */
  readonly surplus: boolean
}

/**
 * Compares a schema that is there with the planned one, by name, without regard to order of tables and indexes.
 *
 * Sequences must exist, be owned by the same column and give no id that was given before. More than was planned
 * (an additional index, say) is a difference too.
 */
export function compareSchemas(planned: TargetSchema, actual: TargetSchema): readonly SchemaDifference[] {
  const there = new Map(actual.tables.map((table) => [table.name, table]))
  const wanted = new Set(planned.tables.map((table) => table.name))
  return [
    ...planned.tables.flatMap((table) => {
      const found = there.get(table.name)
      if (found !== undefined) return compareTables(table, found)
      return [{ table: table.name, aspect: 'table' as const, says: 'is missing', surplus: false }]
    }),
    ...actual.tables
      .filter((table) => !wanted.has(table.name))
      .map((table) => ({ table: table.name, aspect: 'table' as const, says: 'is not in the source', surplus: true })),
  ]
}

function compareTables(planned: TargetTable, actual: TargetTable): SchemaDifference[] {
  const table = planned.name
  const parts = [
    ['column', columnLines(planned), columnLines(actual)],
    ['primary key', keyLines(planned), keyLines(actual)],
    ['index', indexLines(planned), indexLines(actual)],
    ['foreign key', foreignKeyLines(planned), foreignKeyLines(actual)],
    ['trigger', new Map(planned.triggers.map((t) => [t, ''])), new Map(actual.triggers.map((t) => [t, '']))],
  ] as const
  return [
    ...parts.flatMap(([aspect, wanted, found]) =>
      compareLines(wanted, found).map(({ says, surplus }) => ({ table, aspect, says: `${aspect} ${says}`, surplus })),
    ),
    ...compareSequences(planned, actual),
    ...actual.peculiarities
      .filter((says) => !planned.peculiarities.includes(says))
      .map((says) => ({ table, aspect: 'peculiarity' as const, says, surplus: false })),
  ]
}

/** Each thing's name, and the rest of it in one line. */
type Lines = ReadonlyMap<string, string>

function compareLines(wanted: Lines, found: Lines): Pick<SchemaDifference, 'says' | 'surplus'>[] {
  return [
    ...[...wanted].flatMap(([name, line]) => {
      const other = found.get(name)
      if (other === undefined) return { says: `${name} is missing`, surplus: false }
      return other === line ? [] : { says: `${name} is ${other} instead of ${line}`, surplus: false }
    }),
    ...[...found.keys()]
      .filter((name) => !wanted.has(name))
      .map((name) => ({ says: `${name} is not planned`, surplus: true })),
  ]
}

function columnLines(table: TargetTable): Lines {
  const sequenceColumn = table.sequence?.column
  return new Map(
    table.columns.map((column, position) => {
      const value =
        column.name === sequenceColumn || column.default === null ? '' : ` default ${defaultText(column.default)}`
      return [column.name, `${position + 1}. ${column.type}${column.nullable ? '' : ' not null'}${value}`]
    }),
  )
}

function defaultText(value: TargetDefault): string {
  return value.kind === 'literal' ? `'${value.value}'` : value.sql
}

function partText(part: TargetIndexPart): string {
  switch (part.kind) {
    case 'column':
      return part.column
    case 'prefix':
      return `the first ${part.length} of ${part.column}`
    case 'other':
      return part.sql
    default:
      return never(part)
  }
}

function keyLines(table: TargetTable): Lines {
  return new Map(table.primaryKey === null ? [] : [[table.primaryKey.name, table.primaryKey.columns.join(', ')]])
}

function indexLines(table: TargetTable): Lines {
  return new Map(
    table.indexes.map((index) => [
      index.name,
      `${index.unique ? 'unique ' : ''}${index.special === null ? `on ${index.parts.map(partText).join(', ')}` : index.special.trimStart()}`,
    ]),
  )
}

function foreignKeyLines(table: TargetTable): Lines {
  return new Map(
    table.foreignKeys.map((key) => [
      key.name,
      `${key.columns.join(', ')} to ${key.refTable}(${key.refColumns.join(', ')}), ` +
        `on delete ${key.onDelete}, on update ${key.onUpdate}`,
    ]),
  )
}

function compareSequences(planned: TargetTable, actual: TargetTable): SchemaDifference[] {
  const at = (says: string, surplus = false): SchemaDifference => ({
    table: planned.name,
    aspect: 'sequence',
    says,
    surplus,
  })
  const [wanted, found] = [planned.sequence, actual.sequence]
  if (wanted === null) return found === null ? [] : [at(`sequence ${found.name} is not planned`, true)]
  if (found === null) return [at(`sequence ${wanted.name} is missing`)]
  if (found.name !== wanted.name || found.column !== wanted.column) {
    return [at(`sequence ${found.name} of ${found.column} stands for ${wanted.name} of ${wanted.column}`)]
  }
  if (found.next >= wanted.next) return []
  const says = `sequence ${found.name} gives ${found.next} next; the source had already given ids below ${wanted.next}`
  return [{ table: planned.name, aspect: 'sequence position', says, surplus: false }]
}
