import type { Release } from '../../../model/release.ts'
import {
  type CatalogColumn,
  type CatalogForeignKey,
  type CatalogIndex,
  type CatalogTable,
  catalogOf,
} from '../../../threescale/catalog.ts'
import { postgresDefault } from '../../../threescale/postgres-schema.ts'
import { tenantTriggerTables } from '../../../threescale/tenant-rules.ts'
import type { SourceCatalog } from './source-catalog.ts'
import type { TargetColumn, TargetForeignKey, TargetIndex, TargetSchema, TargetTable } from './target-schema.ts'

/** A schema after an upgrade, and what of the source there is nothing to compare with any more. */
export interface UpgradedSchema {
  readonly schema: TargetSchema
  /** Tables that came, those that went, and `table.column`s that came and went. */
  readonly added: readonly string[]
  readonly dropped: readonly string[]
  readonly addedColumns: readonly string[]
  readonly droppedColumns: readonly string[]
}

/**
 * The planned schema as 3scale's migrations from one release to another leave it on PostgreSQL.
 *
 * Only what differs between the two releases changes; what a database has beyond its release stays. Pure.
 */
export function upgradeSchema(planned: TargetSchema, from: Release, to: Release): UpgradedSchema {
  const [old, next] = [catalogByName(from), catalogByName(to)]
  const [oldTriggers, newTriggers] = [new Set(tenantTriggerTables(from)), new Set(tenantTriggerTables(to))]
  const dropped = planned.tables.map(({ name }) => name).filter((name) => old.has(name) && !next.has(name))
  const added = [...next.values()].filter(({ name }) => !old.has(name) && !planned.tables.some((t) => t.name === name))
  const withTriggers = (table: TargetTable): TargetTable => {
    const own = `${table.name}_tenant_id`
    if (oldTriggers.has(table.name) === newTriggers.has(table.name)) return table
    const others = table.triggers.filter((name) => name !== own)
    return { ...table, triggers: newTriggers.has(table.name) ? [...others, own] : others }
  }
  const kept = planned.tables.filter(({ name }) => !dropped.includes(name))
  const changes = kept.map((table) => ({ before: old.get(table.name), after: next.get(table.name), table }))
  const columnsOnly = (of: 'before' | 'after', than: 'before' | 'after') =>
    changes.flatMap((change) =>
      (change.before === undefined || change.after === undefined ? [] : (change[of]?.columns ?? []))
        .filter(({ name }) => !hasColumn(change[than], name))
        .map(({ name }) => `${change.table.name}.${name}`),
    )
  return {
    schema: {
      tables: [
        ...changes.map(({ before, after, table }) =>
          withTriggers(before === undefined || after === undefined ? table : changeTable(table, before, after)),
        ),
        ...added.map((table) => withTriggers(newTable(table))),
      ],
    },
    added: added.map(({ name }) => name),
    dropped,
    addedColumns: columnsOnly('after', 'before'),
    droppedColumns: columnsOnly('before', 'after'),
  }
}

/** The source without the tables and columns that an upgrade has dropped, and its plan likewise. */
export function withoutDropped(
  catalog: SourceCatalog,
  planned: TargetSchema,
  { dropped, droppedColumns }: UpgradedSchema,
): { readonly catalog: SourceCatalog; readonly schema: TargetSchema } {
  const [tables, columns] = [new Set(dropped), new Set(droppedColumns)]
  const reduce = <Table extends { readonly name: string; readonly columns: readonly { readonly name: string }[] }>(
    all: readonly Table[],
  ): Table[] =>
    all
      .filter(({ name }) => !tables.has(name))
      .map((table) => ({
        ...table,
        columns: table.columns.filter(({ name }) => !columns.has(`${table.name}.${name}`)),
      }))
  return {
    catalog: { ...catalog, tables: reduce(catalog.tables) },
    schema: { tables: reduce(planned.tables) },
  }
}

function catalogByName(release: Release): ReadonlyMap<string, CatalogTable> {
  return new Map(catalogOf(release).map((table) => [table.name, table]))
}

function changeTable(table: TargetTable, before: CatalogTable, after: CatalogTable): TargetTable {
  const [oldColumns, newColumns] = [before, after].map(({ columns }) => new Map(columns.map((c) => [c.name, c])))
  const gone = new Set(
    here(before)
      .filter((index) => !hasIndex(after, index))
      .map(({ name }) => name),
  )
  return {
    ...table,
    columns: [
      ...table.columns
        .filter(({ name }) => !hasColumn(before, name) || hasColumn(after, name))
        .map((column) => {
          const [old, next] = [oldColumns?.get(column.name), newColumns?.get(column.name)]
          if (old === undefined || next === undefined || old.postgresType === next.postgresType) return column
          return { ...column, type: next.postgresType }
        }),
      ...after.columns.filter(({ name }) => !hasColumn(before, name)).map(targetColumn),
    ],
    primaryKey: before.primaryKey.length === 0 && table.primaryKey === null ? primaryKeyOf(after) : table.primaryKey,
    indexes: [
      ...table.indexes.filter(({ name }) => !gone.has(name)),
      ...here(after)
        .filter((index) => !hasIndex(before, index))
        .map(targetIndex),
    ],
  }
}

function newTable(table: CatalogTable): TargetTable {
  const id = table.columns.find(({ autoIncrement }) => autoIncrement)
  return {
    name: table.name,
    columns: table.columns.map(targetColumn),
    primaryKey: primaryKeyOf(table),
    indexes: here(table).map(targetIndex),
    foreignKeys: table.foreignKeys.map(targetForeignKey),
    sequence: table.sequence === null || id === undefined ? null : { name: table.sequence, column: id.name, next: 1n },
    triggers: [],
    peculiarities: [],
  }
}

function primaryKeyOf({ primaryKey, primaryKeyName }: CatalogTable): TargetTable['primaryKey'] {
  return primaryKeyName === null ? null : { name: primaryKeyName, columns: primaryKey }
}

function targetColumn(column: CatalogColumn): TargetColumn {
  const value = postgresDefault(column)
  return {
    name: column.name,
    type: column.postgresType,
    nullable: column.nullable,
    default: value === null ? null : { kind: 'literal', value },
  }
}

function targetIndex({ name, unique, columns }: CatalogIndex): TargetIndex {
  return { name, unique, parts: columns.map((column) => ({ kind: 'column', column })), special: null }
}

function targetForeignKey({ name, column, references, onDelete }: CatalogForeignKey): TargetForeignKey {
  return {
    name,
    columns: [column],
    refTable: references.table,
    refColumns: [references.column],
    onDelete,
    onUpdate: 'no action',
  }
}

/** Those that PostgreSQL has. */
function here({ indexes }: CatalogTable): readonly CatalogIndex[] {
  return indexes.filter(({ only }) => only !== 'mysql')
}

function hasIndex(table: CatalogTable, index: CatalogIndex): boolean {
  return here(table).some((other) => JSON.stringify(targetIndex(other)) === JSON.stringify(targetIndex(index)))
}

function hasColumn(table: CatalogTable | undefined, name: string): boolean {
  return table?.columns.some((column) => column.name === name) === true
}
