import { Secret } from '../../base/secret.ts'
import { type DatabaseAddress, describeAddress } from '../../model/database-address.ts'
import type { DatabaseStanding, StoredTenant, ThreescaleDatabase } from '../../ports/threescale-database.ts'
import { openSource } from '../system-database/open-source.ts'
import type { SourceSession } from '../system-database/source-session.ts'
import { fault } from './faults.ts'
import { tryWritesAt } from './try-writes.ts'

/** Reads a system database of either dialect; the statements are such that both understand them. */
export const threescaleDatabase: ThreescaleDatabase = {
  tenants: (database, { signal }) => withSession(database, signal, readTenants),
  version: (database, { signal }) => withSession(database, signal, async ({ version }) => version),
  lastMigration: (database, { signal }) =>
    withSession(database, signal, async (session) => {
      const [[version = null] = []] = await session.query(
        'SELECT max(version) FROM schema_migrations',
        'reading the version of the schema',
      )
      return version
    }),
  master: (database, { signal }) =>
    withSession(database, signal, async (session) => {
      const [[id = null] = []] = await session.query(
        'SELECT id FROM accounts WHERE master',
        'reading the master account',
      )
      if (id === null) throw fault('THREESCALE_NO_MASTER', { address: describeAddress(database) })
      return id
    }),
  describe: (database, { signal }) => withSession(database, signal, readStanding),
  tryWrites: (database, { signal }) => tryWritesAt(database, signal),
}

/** As the server's own catalog estimates it; the clock in microseconds. */
const standingSql = {
  mysql: `SELECT count(*), sum(table_rows), sum(data_length + index_length), cast(unix_timestamp(now(6)) * 1000000 AS decimal(20)),
      sum(table_name = 'schema_migrations') FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`,
  postgresql: `SELECT count(*), sum(greatest(c.reltuples, 0))::bigint, sum(pg_total_relation_size(c.oid)),
      (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, count(*) FILTER (WHERE c.relname = 'schema_migrations')
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`,
} as const

async function readStanding(session: SourceSession): Promise<DatabaseStanding> {
  const { product, version } = session
  const sql = standingSql[product === 'postgresql' ? 'postgresql' : 'mysql']
  const [[tables, rows, bytes, clock, isThreescale] = []] = await session.query(sql, 'reading the sizes of the tables')
  const sizes = {
    product,
    version,
    clockMs: Math.round(Number(clock) / 1000),
    tables: Number(tables),
    rows: Number(rows ?? 0),
    bytes: Number(bytes ?? 0),
  }
  if (Number(isThreescale ?? 0) === 0) return { ...sizes, lastMigration: null, tenants: 0 }
  const [[lastMigration = null, tenants] = []] = await session.query(
    `SELECT (SELECT max(version) FROM schema_migrations),
      (SELECT count(*) FROM accounts WHERE provider AND NOT coalesce(master, false))`,
    'counting the tenants',
  )
  return { ...sizes, lastMigration, tenants: Number(tenants) }
}

async function withSession<Result>(
  database: DatabaseAddress,
  signal: AbortSignal,
  work: (session: SourceSession) => Promise<Result>,
): Promise<Result> {
  const source = await openSource(database, signal)
  try {
    await source.session.beginSnapshot()
    return await work(source.session)
  } finally {
    await source.close()
  }
}

async function readTenants(session: SourceSession): Promise<readonly StoredTenant[]> {
  const accounts = await session.query(
    `SELECT id, org_name, state, self_domain, domain, from_email FROM accounts
      WHERE provider AND NOT coalesce(master, false) AND state <> 'scheduled_for_deletion' ORDER BY id`,
    'reading the tenants',
  )
  const tokens = await readTokens(session)
  const services = await session.query(
    `SELECT s.account_id, s.id, s.system_name, min(t.value) FROM services s LEFT JOIN service_tokens t ON t.service_id = s.id
      WHERE s.state <> 'deleted' GROUP BY s.account_id, s.id, s.system_name ORDER BY s.id`,
    'reading the services',
  )
  const byTenant = Map.groupBy(services, ([account]) => account ?? '')
  return accounts.map(([id, orgName, state, adminHost, portalHost, fromEmail]) => ({
    id: id ?? '',
    orgName: orgName ?? '',
    state: state ?? '',
    adminHost: adminHost ?? '',
    portalHost: portalHost ?? '',
    fromEmail: fromEmail ?? null,
    token: secretOf(tokens.get(id ?? '')),
    services: (byTenant.get(id ?? '') ?? []).map(([, service, systemName, token]) => ({
      id: service ?? '',
      systemName: systemName ?? '',
      token: secretOf(token),
    })),
  }))
}

/** From the release after 2.16 on a token is kept as a digest only. Source: porta `app/models/access_token.rb`. */
const digestPrefix = 'SHA384$'

/** The most useful token of each account. */
async function readTokens(session: SourceSession): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query(
    `SELECT u.account_id, t.value FROM access_tokens t JOIN users u ON u.id = t.owner_id
      WHERE t.scopes LIKE '%account_management%' AND u.role = 'admin' AND u.state = 'active' AND t.value NOT LIKE '${digestPrefix}%'
      ORDER BY u.account_id, CASE WHEN t.scopes LIKE '%stats%' THEN 0 ELSE 1 END, CASE t.permission WHEN 'rw' THEN 0 ELSE 1 END, t.id`,
    'reading the access tokens',
  )
  const first = new Map<string, string>()
  for (const [account, value] of rows) {
    if (account !== null && account !== undefined && !first.has(account)) first.set(account, value ?? '')
  }
  return first
}

function secretOf(value: string | null | undefined): Secret | null {
  return value === null || value === undefined || value === '' ? null : new Secret(value)
}
