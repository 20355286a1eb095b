import type { Clock } from '../../../base/clock.ts'
import { type Release, releases } from '../../../model/release.ts'
import { mysqlSchema } from '../../../threescale/mysql-schema.ts'
import { postgresSchema } from '../../../threescale/postgres-schema.ts'
import { releaseFacts } from '../../../threescale/releases.ts'
import { schemaUpgrade } from '../../../threescale/schema-upgrade.ts'
import { mysqlTriggers, postgresTriggers } from '../../../threescale/tenant-rules.ts'
import { migrationVersions } from '../../source-world/tables/bookkeeping.ts'
import type { DatabaseFindings, DeployOutcome, SeedValues, SystemDatabaseHooks } from '../ports.ts'
import { seedRows } from './seed-rows.ts'
import { insertOf, type SqlSession, sqlLiteral, withSql } from './sql-session.ts'

/** The hooks on the real PostgreSQL or MySQL that the URL names. */
export function sqlSystemDatabase(clock: Clock): SystemDatabaseHooks {
  return {
    inspect: async (url, signal) => {
      try {
        return await withSql(url, signal, findingsOf)
      } catch (error) {
        signal.throwIfAborted()
        return { kind: 'unreachable', reason: reasonOf(error) }
      }
    },
    deploy: async (url, release, seed, signal) => {
      try {
        return await withSql(url, signal, (session) => deploy(session, release, seed, clock))
      } catch (error) {
        signal.throwIfAborted()
        return { kind: 'failed', reason: reasonOf(error) }
      }
    },
  }
}

async function findingsOf(session: SqlSession): Promise<DatabaseFindings & { readonly kind: 'reachable' }> {
  const [[version] = []] = await session.query(
    session.engine === 'mysql' ? 'SELECT version()' : "SELECT current_setting('server_version')",
  )
  const schemaVersion = await schemaVersionOf(session)
  const masters = schemaVersion === null ? [] : await session.query('SELECT id FROM accounts WHERE master')
  return {
    kind: 'reachable',
    engine: session.engine,
    // `15.14 (Debian 15.14-1)` and `10.11.6-MariaDB` begin with what is compared.
    version: /^[\d.]+/.exec(version ?? '')?.[0] ?? '0',
    schemaVersion,
    hasMaster: masters.length > 0,
  }
}

/** As Rails sees it: only tables of the schema that it works in count. */
async function schemaVersionOf(session: SqlSession): Promise<string | null> {
  const here = session.engine === 'mysql' ? 'DATABASE()' : 'ANY (current_schemas(false))'
  const [[tables] = []] = await session.query(
    `SELECT count(*) FROM information_schema.tables WHERE table_name = 'schema_migrations' AND table_schema = ${here}`,
  )
  if (tables === '0') return null
  const [[version] = []] = await session.query('SELECT max(version) FROM schema_migrations')
  return version ?? null
}

async function deploy(
  session: SqlSession,
  release: Release,
  seed: SeedValues,
  clock: Clock,
): Promise<DeployOutcome & { readonly schemaVersion: string }> {
  const { schemaVersion, hasMaster } = await findingsOf(session)
  if (schemaVersion === null) await inTransaction(session, () => loadSchema(session, release))
  if (!hasMaster) await inTransaction(session, () => sow(session, release, seed, momentOf(clock)))
  const from = schemaVersion === null ? release : releaseOf(schemaVersion)
  const steps = releases.slice(releases.indexOf(from) + 1, releases.indexOf(release) + 1)
  for (const [i, step] of steps.entries()) {
    const before = i === 0 ? from : (steps[i - 1] ?? from)
    await inTransaction(session, () => migrate(session, before, step))
  }
  const kind = !hasMaster ? 'seeded' : steps.length > 0 ? 'migrated' : 'current'
  return { kind, schemaVersion: (await schemaVersionOf(session)) ?? '' }
}

/** `db:schema:load`, with `force: cascade`: whatever bears the name of one of 3scale's tables goes. */
async function loadSchema(session: SqlSession, release: Release): Promise<void> {
  const isMysql = session.engine === 'mysql'
  const statements = isMysql
    ? [...mysqlSchema(release), ...mysqlTriggers(release)]
    : [...postgresSchema(release), ...postgresTriggers(release)]
  for (const sql of dropsOf(statements, isMysql)) await session.query(sql)
  for (const sql of statements) await session.query(sql)
  await addVersions(session, migrationVersions(release))
}

function dropsOf(statements: readonly string[], isMysql: boolean): string[] {
  const names = statements.flatMap((sql) => /^CREATE TABLE (\S+) /.exec(sql)?.[1] ?? [])
  const drops = names.map((name) => `DROP TABLE IF EXISTS ${name} CASCADE`)
  const procedures = ['DROP PROCEDURE IF EXISTS sp_invoices_friendly_id']
  return isMysql ? ['SET foreign_key_checks = 0', ...drops, 'SET foreign_key_checks = 1', ...procedures] : drops
}

async function sow(session: SqlSession, release: Release, seed: SeedValues, at: string): Promise<void> {
  for (const { table, row } of seedRows(release, seed, at)) await session.query(insertOf(table, row))
  const known = await session.query(`SELECT value FROM ar_internal_metadata WHERE "key" = 'environment'`)
  if (known.length > 0) return
  await session.query(
    insertOf('ar_internal_metadata', { key: 'environment', value: 'production', created_at: at, updated_at: at }),
  )
}

async function migrate(session: SqlSession, from: Release, to: Release): Promise<void> {
  for (const sql of schemaUpgrade(session.engine, from, to)) await session.query(sql)
  const done = new Set((await session.query('SELECT version FROM schema_migrations')).map(([version]) => version))
  await addVersions(
    session,
    // Those of older releases are in it by other names where the database was not made by this simulator.
    migrationVersions(to).filter((version) => version > releaseFacts[from].lastMigration && !done.has(version)),
  )
}

async function addVersions(session: SqlSession, versions: readonly string[]): Promise<void> {
  if (versions.length === 0) return
  const rows = versions.map((version) => `(${sqlLiteral(version)})`)
  await session.query(`INSERT INTO schema_migrations (version) VALUES ${rows.join(', ')}`)
}

/** MySQL commits at every DDL statement by itself, as it does under 3scale's own migrations. */
async function inTransaction(session: SqlSession, work: () => Promise<void>): Promise<void> {
  await session.query('BEGIN')
  try {
    await work()
    await session.query('COMMIT')
  } catch (error) {
    // The session may be gone, and the transaction with it; the error that is thrown says why.
    await session.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** The oldest release whose last migration is not older: a database between two releases is migrated from there on. */
function releaseOf(schemaVersion: string): Release {
  const release = releases.findLast((candidate) => releaseFacts[candidate].lastMigration <= schemaVersion)
  if (release === undefined) throw new Error(`schema version ${schemaVersion} is older than any release that is known`)
  return release
}

function momentOf(clock: Clock): string {
  return new Date(clock.now()).toISOString().slice(0, 19).replace('T', ' ')
}

/** The driver's own message may quote rows; its code does not. */
function reasonOf(error: unknown): string {
  const fields: object = typeof error === 'object' && error !== null ? error : {}
  const code = 'code' in fields && typeof fields.code === 'string' ? fields.code : undefined
  if (code !== undefined) return code.startsWith('ADDRESS_') ? 'the URL cannot be read' : `error ${code}`
  return error instanceof Error && error.message.startsWith('schema version') ? error.message : 'no answer'
}
