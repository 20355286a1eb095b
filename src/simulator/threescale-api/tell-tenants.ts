import type { Row, Sql } from './system-database.ts'

/** What the script of `readTenantsCommand` finds in this database. */
export async function tellTenants(database: Pick<Sql, 'rows'>): Promise<readonly object[]> {
  const accounts = await database.rows(
    `SELECT id, org_name, state, self_domain, domain, from_email FROM accounts
      WHERE provider IS TRUE AND (master IS NULL OR master IS FALSE) AND state <> 'scheduled_for_deletion' ORDER BY id`,
  )
  const tokens = await database.rows(
    `SELECT u.account_id, t.value, t.scopes, t.permission FROM access_tokens t JOIN users u ON u.id = t.owner_id
      WHERE u.role = 'admin' AND u.state = 'active' ORDER BY t.id`,
  )
  const services = await database.rows(
    `SELECT s.account_id, s.id, s.system_name, min(t.value) AS token
       FROM services s LEFT JOIN service_tokens t ON t.service_id = s.id
      WHERE s.state <> 'deleted' GROUP BY s.account_id, s.id, s.system_name ORDER BY s.id`,
  )
  return accounts.map((account) => ({
    id: String(account['id']),
    orgName: account['org_name'],
    state: account['state'],
    adminHost: account['self_domain'],
    portalHost: account['domain'],
    fromEmail: account['from_email'],
    token: bestOf(tokens.filter((token) => token['account_id'] === account['id']))?.['value'] ?? null,
    services: services
      .filter((service) => service['account_id'] === account['id'])
      .map((service) => ({ id: String(service['id']), systemName: service['system_name'], token: service['token'] })),
  }))
}

function bestOf(tokens: readonly Row[]): Row | undefined {
  const usable = tokens.filter(
    ({ scopes, value }) => String(scopes).includes('account_management') && !String(value).startsWith('SHA384$'),
  )
  return usable.toSorted((a, b) => rankOf(a) - rankOf(b))[0]
}

function rankOf({ scopes, permission }: Row): number {
  return (String(scopes).includes('stats') ? 0 : 2) + (permission === 'rw' ? 0 : 1)
}
