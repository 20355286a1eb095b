import { literal, quotePostgres as q } from './target-schema.ts'
import type { TargetColumn, TargetForeignKey, TargetIndex, TargetTable } from './target-schema.ts'

/** CREATE TABLE with columns, defaults and NOT NULL; keys, indexes and the sequence come after the data. */
export function createTable(table: TargetTable): string {
  return `CREATE TABLE public.${q(table.name)} (\n  ${table.columns.map(columnDefinition).join(',\n  ')}\n)`
}

function columnDefinition(column: TargetColumn): string {
  const notNull = column.nullable ? '' : ' NOT NULL'
  return `${q(column.name)} ${column.type}${defaultClause(column.default)}${notNull}`
}

function defaultClause(value: string | null): string {
  if (value === null) return ''
  return value.startsWith('(') ? ` DEFAULT ${value}` : ` DEFAULT ${literal(value)}`
}

/** The sequence as `bigserial` would make it: owned by its column and its default. */
export function createSequence(table: TargetTable): readonly string[] {
  const { sequence } = table
  if (sequence === null) return []
  const name = `public.${q(sequence.name)}`
  const column = `public.${q(table.name)}.${q(sequence.column)}`
  return [
    `CREATE SEQUENCE ${name} AS bigint OWNED BY ${column}`,
    `ALTER TABLE public.${q(table.name)} ALTER COLUMN ${q(sequence.column)} SET DEFAULT nextval(${literal(name)}::regclass)`,
  ]
}

/** Sets the sequence so that no id is given twice: not a living one, and not one that the source gave and deleted. */
export function setSequence(table: TargetTable): string | null {
  const { sequence } = table
  if (sequence === null) return null
  const next = `(SELECT coalesce(max(${q(sequence.column)}), 0) + 1 FROM public.${q(table.name)})`
  // A sequence that never gave a value stays as it was made.
  return (
    `SELECT setval(${literal(`public.${q(sequence.name)}`)}, next - 1) ` +
    `FROM (SELECT greatest(${next}, ${sequence.next}) AS next) AS given WHERE next > 1`
  )
}

export function addPrimaryKey(table: TargetTable): string | null {
  if (table.primaryKey === null) return null
  const columns = table.primaryKey.columns.map(q).join(', ')
  return `ALTER TABLE public.${q(table.name)} ADD CONSTRAINT ${q(table.primaryKey.name)} PRIMARY KEY (${columns})`
}

export function createIndex(table: TargetTable, index: TargetIndex): string {
  const parts = index.parts.map((part) => (part.startsWith('(') ? part : q(part))).join(', ')
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${q(index.name)} ON public.${q(table.name)} USING btree (${parts})`
}

export function addForeignKey(table: TargetTable, key: TargetForeignKey): string {
  const actions =
    (key.onUpdate === 'no action' ? '' : ` ON UPDATE ${key.onUpdate}`) +
    (key.onDelete === 'no action' ? '' : ` ON DELETE ${key.onDelete}`)
  return (
    `ALTER TABLE public.${q(table.name)} ADD CONSTRAINT ${q(key.name)} FOREIGN KEY (${key.columns.map(q).join(', ')}) ` +
    `REFERENCES public.${q(key.refTable)} (${key.refColumns.map(q).join(', ')})${actions}`
  )
}
