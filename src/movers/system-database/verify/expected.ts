import type { DeclaredChange } from '../../../model/declaration.ts'
import type { Difference } from '../../../ports/system-database.ts'
import { releaseFacts } from '../../../threescale/releases.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import type { SourceCatalog } from '../schema/source-catalog.ts'
import type { SourceSchema } from '../schema/source-schema.ts'
import type { TargetSchema } from '../schema/target-schema.ts'
import { upgradeSchema, withoutDropped } from '../schema/upgrade-schema.ts'
import type { TableMove } from '../table-move.ts'

/** What of the source is compared, and what the target's schema is to be. */
export interface Expected {
  readonly catalog: SourceCatalog
  /** Of the source's tables, without what an upgrade has dropped. */
  readonly schema: TargetSchema
  readonly afterwards: TargetSchema
  readonly differences: readonly Difference[]
  readonly notChecked: readonly string[]
}

/** Faults: none; what cannot be is a difference. */
export function expectedOf({ catalog, schema }: SourceSchema, changes: readonly DeclaredChange[]): Expected {
  const upgrade = changes.find((change) => change.kind === 'upgraded')
  if (upgrade === undefined) return { catalog, schema, afterwards: schema, differences: [], notChecked: [] }
  const { release } = catalog.facts
  // Two releases with one schema cannot be told from each other.
  const isOfIt = release !== null && releaseFacts[release].lastMigration === releaseFacts[upgrade.from].lastMigration
  const upgraded = upgradeSchema(schema, upgrade.from, upgrade.to)
  const says = `an upgrade from ${upgrade.from} is declared, and the source is of ${release ?? 'no release of 3scale'}`
  return {
    ...withoutDropped(catalog, schema, upgraded),
    afterwards: upgraded.schema,
    differences: isOfIt ? [] : [{ kind: 'schema', table: 'schema_migrations', says }],
    notChecked: [
      ...upgraded.dropped.map((name) => `the rows of ${name}, which ${upgrade.to} has dropped`),
      ...upgraded.droppedColumns.map((name) => `${name}, which ${upgrade.to} has dropped`),
      ...upgraded.added.map((name) => `the rows of ${name}, which is new in ${upgrade.to}`),
      ...upgraded.addedColumns.map((name) => `${name}, which is new in ${upgrade.to}`),
    ],
  }
}

/** Of a declared upgrade: whether the target has got there. */
export async function otherRelease(
  target: PostgresTarget,
  changes: readonly DeclaredChange[],
): Promise<readonly Difference[]> {
  const upgrade = changes.find((change) => change.kind === 'upgraded')
  if (upgrade === undefined) return []
  const [[there] = []] = await target.query(`SELECT to_regclass('public.schema_migrations')`, 'looking for the release')
  if (there === null) return []
  const [[found = null] = []] = await target.query(
    'SELECT max(version) FROM public.schema_migrations',
    'reading the version of the schema',
  )
  const { lastMigration } = releaseFacts[upgrade.to]
  if (found === lastMigration) return []
  const says = `an upgrade to ${upgrade.to} is declared, whose last migration is ${lastMigration}, and it is ${found ?? 'none'}`
  return [{ kind: 'schema', table: 'schema_migrations', says }]
}

/** The move without columns that are not compared; what names a row always is. */
export function withoutColumns(move: TableMove, leftOut: ReadonlySet<string>): TableMove {
  const kept = move.columns.flatMap((column, position) =>
    leftOut.has(`${move.name}.${column.source.name}`) && !move.key.includes(position) ? [] : [position],
  )
  if (kept.length === move.columns.length) return move
  return {
    ...move,
    columns: kept.flatMap((position) => move.columns[position] ?? []),
    key: move.key.map((position) => kept.indexOf(position)),
    tenant: kept.indexOf(move.tenant),
  }
}

/** The columns, as `table.column`, of which every row may hold something else. */
export function columnsLeftOut(changes: readonly DeclaredChange[]): ReadonlySet<string> {
  return new Set(
    changes.flatMap((change) =>
      change.kind === 'cells' && change.keys === null ? [`${change.table}.${change.column}`] : [],
    ),
  )
}
