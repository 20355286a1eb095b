import { createHash } from 'node:crypto'
import type { Canonical } from './verify/canonical.ts'
import type { Codec } from './values/codec.ts'
import { type DigestCell, rowDigest } from './verify/digest.ts'
import type { SourceCatalog, SourceColumn, SourceForeignKey, SourceTable } from './schema/source-catalog.ts'
import type { SourceDialect } from './source-dialect.ts'
import type { TargetForeignKey, TargetSchema, TargetTable } from './schema/target-schema.ts'

/** One column on its way: what it is on both sides and how its values travel. */
export interface ColumnMove {
  readonly source: SourceColumn
  readonly targetType: string
  readonly codec: Codec
  readonly canonical: Canonical
}

/** One table on its way. Column positions are those of the source on both sides. */
export interface TableMove {
  readonly name: string
  readonly dialect: SourceDialect
  readonly source: SourceTable
  readonly target: TargetTable
  readonly columns: readonly ColumnMove[]
  /** The source's foreign keys that the target will have. */
  readonly foreignKeys: readonly SourceForeignKey[]
  /** Positions of the columns that name a row; empty where nothing does, and the row's digest stands in. */
  readonly key: readonly number[]
  /** Position of tenant_id, or -1. */
  readonly tenant: number
}

/** Pairs every table with its plan, parents before the children whose foreign keys name them. */
export function planMoves(catalog: SourceCatalog, schema: TargetSchema, dialect: SourceDialect): readonly TableMove[] {
  const targets = new Map(schema.tables.map((table) => [table.name, table]))
  return parentsFirst(catalog.tables).map((source) => {
    const target = targets.get(source.name)
    if (target === undefined) throw new Error(`bug: no plan for table ${source.name}`)
    return {
      name: source.name,
      dialect,
      source,
      target,
      columns: source.columns.map((column, position) => {
        const targetType = target.columns[position]?.type
        if (targetType === undefined) throw new Error(`bug: no plan for column ${source.name}.${column.name}`)
        return {
          source: column,
          targetType,
          codec: dialect.codec(column, targetType),
          canonical: dialect.canonical(column),
        }
      }),
      foreignKeys: source.foreignKeys.filter((key) => target.foreignKeys.some((planned) => isSame(key, planned))),
      key: keyOf(source),
      tenant: source.columns.findIndex((column) => column.name === 'tenant_id'),
    }
  })
}

/** A row's name within its table: the key's canonical cells, or the digest of the whole row. */
export function rowKey(move: Pick<TableMove, 'key'>, canonicalCells: readonly DigestCell[]): string {
  if (move.key.length === 0) return `row:${rowDigest(canonicalCells).toString('hex')}`
  return move.key
    .map((position) => {
      const cell = canonicalCells[position]
      return Buffer.isBuffer(cell) ? cell.toString('latin1').replaceAll(/[\\,]/g, '\\$&') : 'NULL'
    })
    .join(',')
}

/**
 * A row's name for people and reports. Whole numbers and row digests are shown; any other key is a customer's value, and
 * only the start of its SHA-256 is.
 */
export function describeKey(move: Pick<TableMove, 'key' | 'columns'>, key: string): string {
  const isNumber = (position: number) => move.columns[position]?.source.dataType.endsWith('int') === true
  if (move.key.every(isNumber)) return key
  return `#${createHash('sha256').update(key, 'latin1').digest('hex').slice(0, 16)}`
}

/** The column whose value an orphan loses: one that may be NULL, if there is one. */
export function orphanColumn(table: SourceTable, key: SourceForeignKey): string {
  const nullable = key.columns.find((name) => table.columns.some((column) => column.name === name && column.nullable))
  return nullable ?? key.columns[0] ?? ''
}

type KeyColumns = Pick<TargetForeignKey, 'columns' | 'refTable' | 'refColumns'>

function isSame(key: KeyColumns, planned: KeyColumns): boolean {
  return keyColumnsText(key) === keyColumnsText(planned)
}

function keyColumnsText(key: KeyColumns): string {
  return JSON.stringify([key.columns, key.refTable, key.refColumns])
}

function keyOf(table: SourceTable): readonly number[] {
  const position = (name: string | null): number => table.columns.findIndex((column) => column.name === name)
  if (table.primaryKey.length > 0) return table.primaryKey.map(position)
  const unique = table.indexes.find(
    (index) =>
      index.unique &&
      index.parts.every((part) => part.prefix === null && table.columns[position(part.column)]?.nullable === false),
  )
  return unique?.parts.map((part) => position(part.column)) ?? []
}

function parentsFirst(tables: readonly SourceTable[]): readonly SourceTable[] {
  const byName = new Map(tables.map((table) => [table.name, table]))
  const ordered = new Set<SourceTable>()
  const visiting = new Set<SourceTable>()
  const visit = (table: SourceTable): void => {
    // A cycle is cut where it closes; its rows are then orphans until the other half is in, so keys come last.
    if (ordered.has(table) || visiting.has(table)) return
    visiting.add(table)
    for (const key of table.foreignKeys) {
      const parent = byName.get(key.refTable)
      if (parent !== undefined) visit(parent)
    }
    ordered.add(table)
  }
  for (const table of tables) visit(table)
  return [...ordered]
}
