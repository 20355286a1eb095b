import { describeAddress } from '../../model/database-address.ts'
import { hostNamesTo } from '../../threescale/host-names.ts'
import type { PostgresSession } from '../system-database/postgres-session.ts'
import { fault } from './faults.ts'

/** A cell that holds a host name that 3scale serves. `text` is the whole cell. */
export interface ServedName {
  readonly table: 'accounts' | 'proxies'
  readonly column: string
  readonly id: string
  readonly tenant: string | null
  readonly text: string
  readonly host: string
}

/**
 * Reads all names that 3scale serves: portals of accounts, and endpoints of services whose gateway is 3scale's own.
 *
 * Faults: HOSTS_NO_THREESCALE, those of the session.
 */
export async function readServedNames(session: PostgresSession): Promise<readonly ServedName[]> {
  await refuseOthers(session)
  const portals = await session.query(
    `SELECT 'accounts', name.column, a.id, coalesce(a.tenant_id, a.id), name.text
       FROM accounts a CROSS JOIN LATERAL (VALUES ('domain', a.domain), ('self_domain', a.self_domain)) name ("column", text)
      WHERE name.text <> '' ORDER BY a.id, name.column`,
    'reading the hosts of the portals',
  )
  const gateways = await session.query(
    `SELECT 'proxies', name.column, p.id, p.tenant_id, name.text
       FROM proxies p JOIN services s ON s.id = p.service_id AND s.deployment_option = 'hosted'
      CROSS JOIN LATERAL (VALUES ('endpoint', p.endpoint), ('sandbox_endpoint', p.sandbox_endpoint),
        ('production_domain', p.production_domain), ('staging_domain', p.staging_domain)) name ("column", text)
      WHERE name.text <> '' ORDER BY p.id, name.column`,
    'reading the hosts of the gateways',
  )
  return [...portals, ...gateways].map(([table, column, id, tenant, text]) => ({
    table: table === 'accounts' ? 'accounts' : 'proxies',
    column: column ?? '',
    id: id ?? '',
    tenant: tenant ?? null,
    text: text ?? '',
    host: hostIn(text ?? ''),
  }))
}

async function refuseOthers(session: PostgresSession): Promise<void> {
  const [[table] = []] = await session.query(`SELECT to_regclass('public.accounts')`, 'looking for 3scale')
  const [[masters] = ['0']] =
    table === null ? [] : await session.query('SELECT count(*) FROM accounts WHERE master', 'looking for the master')
  if (masters === '0') throw fault('HOSTS_NO_THREESCALE', { address: describeAddress(session.address) })
}

/** The host of a bare name or of a URL, with or without scheme, port and path. */
function hostIn(text: string): string {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^@/]*@)?([A-Za-z0-9.-]*)/.exec(text)?.[1] ?? ''
}

/** Hosts that promoted configurations of 3scale's own gateways answer to, those of former names too. */
export async function readConfiguredHosts(session: PostgresSession): Promise<readonly string[]> {
  const rows = await session.query(
    `SELECT DISTINCT host FROM proxy_configs c
       JOIN proxies p ON p.id = c.proxy_id JOIN services s ON s.id = p.service_id AND s.deployment_option = 'hosted'
      CROSS JOIN LATERAL regexp_split_to_table(c.hosts, '\\|') host WHERE host <> '' ORDER BY host`,
    'reading the hosts of promoted configurations',
  )
  return rows.map(([host]) => host ?? '')
}

/** Where the old domain is mentioned in what is the customer's own. */
export async function readMentions(session: PostgresSession, domain: string) {
  const there = new Set(
    (
      await session.query(
        `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'`,
        'reading the columns',
      )
    ).map(([column]) => column),
  )
  const places = hostNamesTo('report')
    .flatMap((place) => place.columns.map((column) => ({ table: place.table, column })))
    .filter(({ table, column }) => there.has(`${table}.${column}`))
  const mentions: { column: string; rows: number; hosts: string[] }[] = []
  for (const { table, column } of places) {
    mentions.push(...(await mentionsIn(session, { table, column, where: 'true', domain })))
  }
  for (const column of ['endpoint', 'sandbox_endpoint']) {
    const where = `service_id IN (SELECT id FROM services WHERE deployment_option IS DISTINCT FROM 'hosted')`
    mentions.push(...(await mentionsIn(session, { table: 'proxies', column, where, domain })))
  }
  return mentions
}

const namesShown = 5

async function mentionsIn(
  session: PostgresSession,
  { table, column, where, domain }: { table: string; column: string; where: string; domain: string },
) {
  const mentioned = `position($1 in "${column}"::text) > 0 AND ${where}`
  const [[rows = '0'] = []] = await session.query(
    `SELECT count(*) FROM "${table}" WHERE ${mentioned}`,
    `looking through ${table}`,
    [domain],
  )
  if (rows === '0' || rows === null) return []
  const hosts = await session.query(
    `SELECT DISTINCT host[1] FROM "${table}", regexp_matches("${column}"::text, $2, 'g') host WHERE ${mentioned} ORDER BY 1 LIMIT ${namesShown}`,
    `looking through ${table}`,
    [domain, `((?:[A-Za-z0-9-]+\\.)*${domain.replaceAll('.', '\\.')})`],
  )
  return [{ column: `${table}.${column}`, rows: Number(rows), hosts: hosts.map(([host]) => host ?? '') }]
}
