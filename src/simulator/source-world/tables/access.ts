import { datetime, dayMs, hourMs, worldNow } from '../calendar.ts'
import { hexOf } from '../random.ts'
import { tenantIdOf, type Outline } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'
import { everyUser } from './accounts.ts'

/** Who may get in: tokens, sign-on, permissions and sessions. */
export function accessTables(outline: Outline): TableRows[] {
  return [
    { table: 'access_tokens', rows: () => accessTokens(outline) },
    { table: 'provided_access_tokens', rows: () => providedAccessTokens(outline) },
    { table: 'authentication_providers', rows: () => authenticationProviders(outline) },
    { table: 'sso_authorizations', rows: () => ssoAuthorizations(outline) },
    { table: 'member_permissions', rows: () => memberPermissions(outline) },
    { table: 'notification_preferences', rows: () => notificationPreferences(outline) },
    { table: 'invitations', rows: () => invitations(outline) },
    { table: 'user_sessions', rows: () => userSessions(outline) },
  ]
}

function* accessTokens(outline: Outline): Generator<Row> {
  const expires = outline.has('access_tokens', 'expires_at')
  let id = 0
  for (const tenant of outline.everyone) {
    for (const user of tenant.users) {
      const at = datetime(tenant.createdAt)
      const row: Record<string, Row[string]> = {
        id: ++id,
        owner_id: user.id,
        scopes: tenant.master
          ? '---\n- account_management\n'
          : '---\n- account_management\n- stats\n- policy_registry\n',
        value: hexOf(outline.seed, 'access-token', user.id, 64),
        name: tenant.master ? 'Master Token' : `CI pipeline ${user.id}`,
        permission: user.id % 3 === 0 ? 'ro' : 'rw',
        tenant_id: tenantIdOf(tenant),
        created_at: at,
        updated_at: at,
      }
      if (expires) row['expires_at'] = id % 5 === 0 ? datetime(worldNow + 90 * dayMs) : null
      yield row
    }
  }
}

function* providedAccessTokens(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.tenants) {
    for (const user of tenant.users.slice(0, 1)) {
      const at = datetime(worldNow - dayMs)
      yield {
        id: ++id,
        value: `eyJhbGciOiJSUzI1NiJ9.${hexOf(outline.seed, 'jwt', user.id, 200)}`,
        user_id: user.id,
        tenant_id: tenant.id,
        expires_at: datetime(worldNow),
        created_at: at,
        updated_at: at,
      }
    }
  }
}

function* authenticationProviders(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.tenants) {
    for (const kind of ['keycloak', 'github']) {
      const realm = 'https://sso.customer.example.org/auth/realms/api'
      yield {
        id: ++id,
        name: kind === 'github' ? 'GitHub' : 'Red Hat build of Keycloak',
        system_name: `${kind}_${id}`,
        client_id: `3scale-${tenant.subdomain}`,
        client_secret: hexOf(outline.seed, 'client-secret', id, 40),
        site: kind === 'github' ? null : realm,
        token_url: kind === 'github' ? null : `${realm}/protocol/openid-connect/token`,
        account_id: tenant.id,
        created_at: datetime(tenant.createdAt),
        updated_at: datetime(tenant.createdAt),
        tenant_id: tenant.id,
        kind,
        published: kind === 'keycloak',
        type: kind === 'github' ? 'AuthenticationProvider::GitHub' : 'AuthenticationProvider::Keycloak',
        account_type: kind === 'github' ? 'developer' : 'provider',
        trust_email: true,
      }
    }
  }
}

function* ssoAuthorizations(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.tenants.entries()) {
    const at = datetime(tenant.createdAt)
    // The tenant's Keycloak is the first of its two providers.
    yield {
      id: i + 1,
      uid: hexOf(outline.seed, 'uid', i, 36),
      authentication_provider_id: 2 * i + 1,
      user_id: tenant.users[0]?.id ?? null,
      created_at: at,
      updated_at: at,
      tenant_id: tenant.id,
      id_token: `eyJhbGciOiJSUzI1NiJ9.${hexOf(outline.seed, 'id-token', i, 600)}`,
    }
  }
}

function* memberPermissions(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.everyone) {
    for (const [i, section] of ['portal', 'plans', 'services'].entries()) {
      const at = datetime(tenant.createdAt)
      const ids = JSON.stringify(tenant.services.slice(0, 3).map((service) => service.id))
      yield {
        id: ++id,
        user_id: tenant.users[i]?.id ?? null,
        admin_section: section,
        created_at: at,
        updated_at: at,
        tenant_id: tenantIdOf(tenant),
        service_ids: section === 'services' ? Buffer.from(ids) : null,
      }
    }
  }
}

function* notificationPreferences(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.everyone) {
    for (const user of tenant.users) {
      const at = datetime(tenant.createdAt)
      const preferences = JSON.stringify({
        preferences: ['account_created', 'application_created', 'limit_alert_reached_provider'].slice(user.id % 3),
      })
      yield {
        id: ++id,
        user_id: user.id,
        preferences: Buffer.from(preferences),
        created_at: at,
        updated_at: at,
        tenant_id: tenantIdOf(tenant),
      }
    }
  }
}

function* invitations(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.tenants) {
    for (const buyer of tenant.buyers) {
      if (buyer.users.length < 2) continue
      const at = datetime(buyer.createdAt)
      const guest = buyer.users[1]
      yield {
        id: ++id,
        token: hexOf(outline.seed, 'invitation', buyer.id, 32),
        email: guest?.email ?? null,
        sent_at: at,
        created_at: at,
        updated_at: at,
        account_id: buyer.id,
        accepted_at: at,
        tenant_id: tenant.id,
        user_id: guest?.id ?? null,
      }
    }
    const at = datetime(worldNow - 5 * dayMs)
    yield {
      id: ++id,
      token: hexOf(outline.seed, 'invitation-open', id, 32),
      email: 'new.colleague@mail.example.net',
      sent_at: at,
      created_at: at,
      updated_at: at,
      account_id: tenant.id,
      accepted_at: null,
      tenant_id: tenant.id,
      user_id: null,
    }
  }
}

function* userSessions(outline: Outline): Generator<Row> {
  const random = outline.random('user_sessions')
  let id = 0
  for (const user of everyUser(outline)) {
    for (let n = random.below(4); n > 0 || id === 0; n--) {
      const at = worldNow - random.below(20 * 24) * hourMs
      yield {
        id: ++id,
        user_id: user.id,
        key: random.hex(64),
        ip: `198.51.100.${random.below(250)}`,
        user_agent: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0',
        accessed_at: datetime(at),
        revoked_at: n === 2 ? datetime(at) : null,
        created_at: datetime(at - hourMs),
        updated_at: datetime(at),
        secured_until: null,
        sso_authorization_id: id % 9 === 0 ? 1 : null,
      }
    }
  }
}
