import type { Secret } from '../../../base/secret.ts'
import { type PortalApi, PortalRefusal } from '../ports.ts'
import { insertOf, type SqlSession, sqlLiteral, withSql } from './sql-session.ts'

/**
 * 3scale's API as its own code would answer from the database: hosts and tokens are looked up there, and what RHOAM asks
 * for is done there. The impersonation user of a tenant is not among its users, as in 3scale.
 */
export const sqlPortalApi: PortalApi = {
  tenants: (at, token, signal) =>
    answer(at, signal, async (session) => {
      await masterOf(session, token)
      const rows = await session.query(
        'SELECT id, self_domain, from_email FROM accounts WHERE provider AND (master IS NULL OR NOT master) ORDER BY id',
      )
      return rows.map(([id, host, fromEmail]) => ({
        id: id ?? '',
        adminHost: host ?? '',
        fromEmail: fromEmail ?? null,
      }))
    }),
  setFromEmail: (at, token, tenantId, email, signal) =>
    answer(at, signal, async (session) => {
      await masterOf(session, token)
      await session.query(`UPDATE accounts SET from_email = ${sqlLiteral(email)} WHERE id = ${idLiteral(tenantId)}`)
    }),
  users: (at, host, token, signal) =>
    answer(at, signal, async (session) => {
      const tenant = await tenantOf(session, host, token)
      const rows = await session.query(
        `SELECT id, username, role FROM users WHERE account_id = ${tenant} AND username <> '3scaleadmin' ORDER BY id`,
      )
      return rows.map(([id, username, role]) => ({
        id: id ?? '',
        username: username ?? '',
        role: role === 'admin' ? ('admin' as const) : ('member' as const),
      }))
    }),
  deleteUser: (at, host, token, userId, signal) =>
    answer(at, signal, async (session) => {
      const tenant = await tenantOf(session, host, token)
      const user = idLiteral(userId)
      await session.query(`DELETE FROM access_tokens WHERE owner_id = ${user}`)
      await session.query(`DELETE FROM users WHERE id = ${user} AND account_id = ${tenant}`)
    }),
  makeAdmin: (at, host, token, userId, signal) =>
    answer(at, signal, async (session) => {
      const tenant = await tenantOf(session, host, token)
      await session.query(`UPDATE users SET role = 'admin' WHERE id = ${idLiteral(userId)} AND account_id = ${tenant}`)
    }),
  ensureAuthenticationProvider: (at, host, token, provider, signal) =>
    answer(at, signal, async (session) => {
      const tenant = await tenantOf(session, host, token)
      const name = sqlLiteral(provider.name)
      const there = await session.query(
        `SELECT id FROM authentication_providers WHERE account_id = ${tenant} AND system_name = ${name}`,
      )
      if (there.length > 0) return
      const row = {
        account_id: Number(tenant),
        name: provider.name,
        system_name: provider.name,
        kind: 'keycloak',
        type: 'AuthenticationProvider::Keycloak',
        account_type: 'provider',
        client_id: provider.clientId,
        client_secret: provider.clientSecret.reveal('store it in the database of a simulated 3scale'),
        site: provider.site,
        skip_ssl_certificate_verification: true,
        published: true,
      }
      await session.query(insertOf('authentication_providers', row))
    }),
}

async function answer<Result>(
  at: Secret,
  signal: AbortSignal,
  work: (session: SqlSession) => Promise<Result>,
): Promise<Result> {
  try {
    return await withSql(at, signal, work)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof PortalRefusal) throw error
    // The driver's words may quote rows.
    throw new PortalRefusal(503, 'the application is not available')
  }
}

async function masterOf(session: SqlSession, token: Secret): Promise<string> {
  const rows = await session.query('SELECT id FROM accounts WHERE master')
  return authorized(session, rows[0]?.[0], token)
}

async function tenantOf(session: SqlSession, adminHost: string, token: Secret): Promise<string> {
  const rows = await session.query(`SELECT id FROM accounts WHERE self_domain = ${sqlLiteral(adminHost)}`)
  return authorized(session, rows[0]?.[0], token)
}

/** The account's id, if there is one and the token belongs to one of its users and may manage accounts. */
async function authorized(session: SqlSession, account: string | null | undefined, token: Secret): Promise<string> {
  if (account === null || account === undefined) throw new PortalRefusal(404, 'no account has this host')
  const value = sqlLiteral(token.reveal('look it up in the database of a simulated 3scale'))
  const found = await session.query(`SELECT t.id FROM access_tokens t JOIN users u ON u.id = t.owner_id
    WHERE u.account_id = ${account} AND t.value = ${value} AND t.permission = 'rw'
    AND t.scopes LIKE '%account_management%'`)
  if (found.length === 0) {
    throw new PortalRefusal(403, 'Your access token does not have the correct permissions')
  }
  return account
}

function idLiteral(id: string): string {
  if (!/^\d{1,19}$/.test(id)) throw new PortalRefusal(404, 'no such id')
  return id
}
