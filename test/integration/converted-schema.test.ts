import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { type Release, releases } from '../../src/model/release.ts'
import { compareSchemas } from '../../src/movers/system-database/schema/compare-schemas.ts'
import { PostgresTarget } from '../../src/movers/system-database/postgres-target.ts'
import { readPostgresCatalog } from '../../src/movers/system-database/schema/read-postgres-catalog.ts'
import type {
  ForeignKeyAction,
  TargetDefault,
  TargetIndexPart,
  TargetSchema,
} from '../../src/movers/system-database/schema/target-schema.ts'
import { catalogOf } from '../../src/threescale/catalog.ts'
import { mysqlSchema } from '../../src/threescale/mysql-schema.ts'
import { releaseFacts } from '../../src/threescale/releases.ts'
import { tenantTriggerTables } from '../../src/threescale/tenant-rules.ts'
import { freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })

/** Copies an empty 3scale of a release; gives the schema that PostgreSQL then has. */
async function convertedSchema(release: Release): Promise<TargetSchema> {
  const databases = await freshDatabases(servers)
  const version = releaseFacts[release].lastMigration
  await databases.mysql(...mysqlSchema(release), `INSERT INTO schema_migrations VALUES ('${version}')`)
  assert.equal((await mover.copy(moveRequest(databases))).verdict, 'copied')
  const target = await PostgresTarget.open(databases.target, new AbortController().signal)
  try {
    return await readPostgresCatalog(target)
  } finally {
    await target.close()
  }
}

/** The schema that our own facts say 3scale has on PostgreSQL. */
function expectedSchema(release: Release): TargetSchema {
  const triggers = new Set(tenantTriggerTables(release))
  return {
    tables: catalogOf(release).map((table) => ({
      name: table.name,
      columns: table.columns.map((column) => ({
        name: column.name,
        type: column.postgresType,
        nullable: column.nullable,
        // 3scale's own DDL writes decimals with one digit after the point.
        default: literalOf(
          column.postgresType.startsWith('numeric') && column.default !== null ? `${column.default}.0` : column.default,
        ),
      })),
      primaryKey: table.primaryKeyName === null ? null : { name: table.primaryKeyName, columns: table.primaryKey },
      indexes: table.indexes
        .filter((index) => index.only !== 'mysql')
        .map(({ name, unique, columns }) => ({ name, unique, parts: columns.map(partOf), special: null })),
      foreignKeys: table.foreignKeys.map(({ name, column, references, onDelete }) => ({
        name,
        columns: [column],
        refTable: references.table,
        refColumns: [references.column],
        onDelete,
        onUpdate: 'no action',
      })),
      sequence:
        table.sequence === null
          ? null
          : {
              name: table.sequence,
              column: table.columns.find((column) => column.autoIncrement)?.name ?? '',
              next: 1n,
            },
      triggers: triggers.has(table.name) ? [`${table.name}_tenant_id`] : [],
      peculiarities: [],
    })),
  }
}

for (const release of releases) {
  test(`the converted schema of ${release} is the one that 3scale has on PostgreSQL`, async () => {
    assert.deepEqual(compareSchemas(expectedSchema(release), await convertedSchema(release)), [])
  })
}

// Catalogs read from 3scale's own PostgreSQL schema. They are not part of this project; where they are at hand, they count.
const catalogs = process.env['THREESHIFT_CATALOGS'] ?? resolve(import.meta.dirname, '../../../shared/data')
for (const release of ['2.13', '2.16'] as const) {
  const file = join(catalogs, `porta-postgres-${release}.json`)
  test(`the converted schema of ${release} equals the catalog read from 3scale's own`, {
    skip: !existsSync(file),
  }, async () => {
    const theirs = schemaOfCatalog(JSON.parse(readFileSync(file, 'utf8')))
    assert.equal(theirs.tables.length, releaseFacts[release].tables)
    assert.deepEqual(compareSchemas(theirs, await convertedSchema(release)), [])
  })
}

interface CatalogFile {
  readonly tables: Readonly<
    Record<
      string,
      {
        readonly columns: readonly {
          name: string
          type: string
          notnull: string
          dflt: string | null
          seq: string | null
        }[]
        readonly primary_key: readonly string[]
        readonly pk_name: string | null
        readonly indexes: readonly { name: string; unique: boolean; columns: readonly string[] }[]
        readonly foreign_keys: readonly { name: string; def: string }[]
        readonly triggers: readonly { name: string }[]
      }
    >
  >
}

function schemaOfCatalog(catalog: CatalogFile): TargetSchema {
  return {
    tables: Object.entries(catalog.tables).map(([name, table]) => {
      const owner = table.columns.find((column) => column.seq !== null)
      return {
        name,
        columns: table.columns.map((column) => ({
          name: column.name,
          type: column.type,
          nullable: column.notnull === '0',
          default: column.seq === null ? literalOf(bareDefault(column.dflt)) : null,
        })),
        primaryKey: table.pk_name === null ? null : { name: table.pk_name, columns: table.primary_key },
        indexes: table.indexes.map((index) => ({
          name: index.name,
          unique: index.unique,
          parts: index.columns.map((column) => partOf(column.replaceAll('"', ''))),
          special: null,
        })),
        foreignKeys: table.foreign_keys.map((key) => foreignKeyOf(key.name, key.def)),
        sequence:
          owner === undefined
            ? null
            : { name: String(owner.seq).replace(/^public\./, ''), column: owner.name, next: 1n },
        triggers: table.triggers.map((trigger) => trigger.name),
        peculiarities: [],
      }
    }),
  }
}

function literalOf(value: string | null): TargetDefault | null {
  return value === null ? null : { kind: 'literal', value }
}

function partOf(column: string): TargetIndexPart {
  return { kind: 'column', column }
}

function bareDefault(expression: string | null): string | null {
  return expression === null ? null : (/^'(.*)'::[a-z ]+$/s.exec(expression)?.[1] ?? expression)
}

function foreignKeyOf(name: string, definition: string): TargetSchema['tables'][number]['foreignKeys'][number] {
  const [, columns = '', refTable = '', refColumns = ''] = /\((.*?)\) REFERENCES (\w+)\((.*?)\)/.exec(definition) ?? []
  const action = (event: string): ForeignKeyAction => {
    if (definition.includes(`ON ${event} CASCADE`)) return 'cascade'
    return definition.includes(`ON ${event} SET NULL`) ? 'set null' : 'no action'
  }
  return {
    name,
    columns: [columns],
    refTable,
    refColumns: [refColumns],
    onDelete: action('DELETE'),
    onUpdate: action('UPDATE'),
  }
}
