import { never } from '../../../base/never.ts'
import { literal, quotePostgres as q } from './target-schema.ts'
import type {
  TargetColumn,
  TargetDefault,
  TargetForeignKey,
  TargetIndex,
  TargetIndexPart,
  TargetKey,
  TargetTable,
} from './target-schema.ts'

/** CREATE TABLE with columns, defaults and NOT NULL; keys, indexes and the sequence come after the data. */
export function createTable(table: TargetTable): string {
  return `CREATE TABLE public.${q(table.name)} (\n  ${table.columns.map(columnDefinition).join(',\n  ')}\n)`
}

function columnDefinition(column: TargetColumn): string {
  const notNull = column.nullable ? '' : ' NOT NULL'
  return `${q(column.name)} ${column.type}${defaultClause(column.default)}${notNull}`
}

function defaultClause(value: TargetDefault | null): string {
  if (value === null) return ''
  return ` DEFAULT ${value.kind === 'literal' ? literal(value.value) : value.sql}`
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
  // In numeric, for an id may be the greatest that there is; the sequence is then used up, as AUTO_INCREMENT is.
  const given = `(SELECT coalesce(max(${q(sequence.column)}), 0)::numeric FROM public.${q(table.name)})`
  // A sequence that never gave a value stays as it was made.
  return (
    `SELECT setval(${literal(`public.${q(sequence.name)}`)}, least(given, ${greatestBigint})::bigint) ` +
    `FROM (SELECT greatest(${given}, ${sequence.next - 1n}) AS given) AS ids WHERE given > 0`
  )
}

const greatestBigint = '9223372036854775807'

/** The index of the primary key alone: unlike the key it can be built beside others of the same table. */
export function createPrimaryIndex(table: TargetTable, key: TargetKey): string {
  return `CREATE UNIQUE INDEX ${q(key.name)} ON public.${q(table.name)} USING btree (${key.columns.map(q).join(', ')})`
}

/** Makes an index that is there the primary key. */
export function adoptPrimaryIndex(table: TargetTable, key: TargetKey): string {
  return `ALTER TABLE public.${q(table.name)} ADD CONSTRAINT ${q(key.name)} PRIMARY KEY USING INDEX ${q(key.name)}`
}

export function createIndex(table: TargetTable, index: TargetIndex): string {
  const how = index.special ?? ` USING btree (${index.parts.map(indexPart).join(', ')})`
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${q(index.name)} ON public.${q(table.name)}${how}`
}

function indexPart(part: TargetIndexPart): string {
  switch (part.kind) {
    case 'column':
      return q(part.column)
    case 'prefix':
      return part.bytes
        ? `(substring(${q(part.column)} from 1 for ${part.length}))`
        : `("left"(${q(part.column)}, ${part.length}))`
    case 'other':
      return part.sql
    default:
      return never(part)
  }
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
