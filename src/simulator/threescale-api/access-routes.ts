import { randomBytes } from 'node:crypto'
import { listAll, updateRow } from './account-routes.ts'
import { accessDenied, type Caller, scopesIn, scopesOf } from './authenticate.ts'
import type { Installation } from './installation.ts'
import * as represent from './represent.ts'
import type { Fields, Reply } from './reply.ts'
import { type Asked, notFound, type Route } from './route.ts'
import type { Row, Sql } from './system-database.ts'

const scope = 'account_management'
const providersPath = '/admin/api/account/authentication_providers'

/** Who may come in, and how: the caller's own access tokens, and single sign-on to the admin portal. */
export const accessRoutes: readonly Route[] = [
  { method: 'GET', path: '/admin/api/personal/access_tokens', scope, answer: ownTokens(listTokens) },
  { method: 'POST', path: '/admin/api/personal/access_tokens', scope, answer: ownTokens(createToken) },
  { method: 'GET', path: '/admin/api/personal/access_tokens/:id', scope, answer: ownTokens(showToken) },
  { method: 'DELETE', path: '/admin/api/personal/access_tokens/:id', scope, answer: ownTokens(deleteToken) },
  { method: 'GET', path: providersPath, scope, answer: listProviders },
  { method: 'POST', path: providersPath, scope, answer: createProvider },
  { method: 'GET', path: `${providersPath}/:id`, scope, answer: showProvider },
  { method: 'PUT', path: `${providersPath}/:id`, scope, answer: updateProvider },
]

/** Tokens belong to a user, so a caller with a provider key has none. */
function ownTokens(answer: (asked: Asked, user: Row) => Promise<Reply>): Route['answer'] {
  return async (asked) => (asked.caller.user === null ? accessDenied : answer(asked, asked.caller.user))
}

function tokenFields(row: Row): Fields {
  return {
    id: represent.id(row['id']),
    name: row['name'] ?? null,
    scopes: scopesIn(row['scopes']),
    permission: row['permission'] ?? null,
    expires_at: represent.time(row['expires_at']),
  }
}

function listTokens(asked: Asked, user: Row): Promise<Reply> {
  const name = asked.params.get('name')
  return listAll(asked, {
    from: `FROM access_tokens WHERE owner_id = ?${name === undefined ? '' : ' AND name = ?'}`,
    values: [user['id'] ?? null, ...(name === undefined ? [] : [name])],
    root: 'access_tokens',
    item: 'access_token',
    represent: tokenFields,
  })
}

async function createToken({ installation, params, caller }: Asked, user: Row): Promise<Reply> {
  const name = params.within('token', 'name') ?? ''
  const permission = params.within('token', 'permission') ?? ''
  const scopes = params.list('token', 'scopes')
  const allowed: readonly string[] = scopesOf(caller.isMaster)
  const errors: Record<string, string[]> = {}
  if (name === '') errors['name'] = ["can't be blank"]
  if (permission !== 'ro' && permission !== 'rw') errors['permission'] = ['is not included in the list']
  if (scopes.length === 0) errors['scopes'] = ["can't be blank"]
  else if (scopes.some((scope) => !allowed.includes(scope))) errors['scopes'] = ['invalid']
  if (Object.keys(errors).length > 0) return { kind: 'invalid', errors }
  const token = await insertToken(installation.database, installation, {
    ownerId: String(user['id']),
    name,
    permission,
    scopes,
  })
  return {
    kind: 'item',
    root: 'access_token',
    status: 201,
    fields: { ...tokenFields(token), value: token['value'] ?? null },
  }
}

/** Makes a token; its value is told once. */
export async function insertToken(
  sql: Sql,
  installation: Installation,
  token: {
    readonly ownerId: string
    readonly name: string
    readonly permission: string
    readonly scopes: readonly string[]
  },
): Promise<Row> {
  const row: Row = {
    owner_id: token.ownerId,
    name: token.name,
    permission: token.permission,
    scopes: `---\n${token.scopes.map((scope) => `- ${scope}\n`).join('')}`,
    value: randomBytes(32).toString('hex'),
    created_at: installation.now(),
    updated_at: installation.now(),
  }
  return { ...row, id: await sql.insert('access_tokens', row) }
}

/** Tokens are found by id or by value. */
async function tokenAsked({ installation, params }: Asked, user: Row): Promise<Row | undefined> {
  const which = params.get('id') ?? ''
  const [token] = await installation.database.rows(
    `SELECT * FROM access_tokens WHERE owner_id = ? AND ${/^\d{1,19}$/.test(which) ? `id = ${which}` : 'value = ?'}`,
    [user['id'] ?? null, ...(/^\d{1,19}$/.test(which) ? [] : [which])],
  )
  return token
}

async function showToken(asked: Asked, user: Row): Promise<Reply> {
  const token = await tokenAsked(asked, user)
  return token === undefined ? notFound : { kind: 'item', root: 'access_token', fields: tokenFields(token) }
}

async function deleteToken(asked: Asked, user: Row): Promise<Reply> {
  const token = await tokenAsked(asked, user)
  if (token === undefined) return notFound
  await asked.installation.database.run('DELETE FROM access_tokens WHERE id = ?', [token['id'] ?? null])
  return { kind: 'empty', status: 200 }
}

const ofAccount = "FROM authentication_providers WHERE account_id = ? AND account_type = 'provider'"

function accountId(caller: Caller) {
  return caller.account['id'] ?? null
}

function listProviders(asked: Asked): Promise<Reply> {
  return listAll(asked, {
    from: ofAccount,
    values: [accountId(asked.caller)],
    root: 'authentication_providers',
    item: 'authentication_provider',
    represent: (row) => represent.authenticationProvider(row, asked.host),
  })
}

async function providerAsked({ installation, caller, params }: Asked): Promise<Row | undefined> {
  const id = params.get('id') ?? ''
  if (!/^\d{1,19}$/.test(id)) return undefined
  const [provider] = await installation.database.rows(`SELECT * ${ofAccount} AND id = ${id}`, [accountId(caller)])
  return provider
}

function providerReply(asked: Asked, row: Row, status: number): Reply {
  return {
    kind: 'item',
    root: 'authentication_provider',
    status,
    fields: represent.authenticationProvider(row, asked.host),
  }
}

async function showProvider(asked: Asked): Promise<Reply> {
  const provider = await providerAsked(asked)
  return provider === undefined ? notFound : providerReply(asked, provider, 200)
}

const changeable = ['client_id', 'client_secret', 'site', 'skip_ssl_certificate_verification', 'published'] as const
const yesOrNo: readonly string[] = ['skip_ssl_certificate_verification', 'published']

/** The attributes that the request names, of those that may be set. */
function changesIn({ params }: Asked): Row {
  const changes: Record<string, string | boolean> = {}
  for (const name of changeable) {
    const value = params.within('authentication_provider', name)
    if (value !== undefined) changes[name] = yesOrNo.includes(name) ? value === 'true' || value === '1' : value
  }
  return changes
}

const classes: Readonly<Record<string, string>> = {
  keycloak: 'AuthenticationProvider::Keycloak',
  auth0: 'AuthenticationProvider::Auth0',
}

async function createProvider(asked: Asked): Promise<Reply> {
  const { installation, caller, params } = asked
  const { database } = installation
  const kind = params.within('authentication_provider', 'kind') ?? ''
  if (kind === '') return { kind: 'error', status: 400, message: 'param is missing or the value is empty: kind' }
  const type = classes[kind]
  const changes = changesIn(asked)
  const name = params.within('authentication_provider', 'name') ?? kind
  const systemName = params.within('authentication_provider', 'system_name') ?? name.toLowerCase()
  const errors: Record<string, string[]> = {}
  if (type === undefined) errors['kind'] = ['is not included in the list']
  for (const required of ['client_id', 'client_secret', 'site'] as const) {
    if (!changes[required]) errors[required] = ["can't be blank"]
  }
  const taken = await database.rows(
    'SELECT id FROM authentication_providers WHERE account_id = ? AND system_name = ?',
    [accountId(caller), systemName],
  )
  if (taken.length > 0) errors['system_name'] = ['has already been taken']
  if (Object.keys(errors).length > 0 || type === undefined) return { kind: 'invalid', errors }
  const id = await database.insert('authentication_providers', {
    account_id: accountId(caller),
    account_type: 'provider',
    kind,
    type,
    name,
    system_name: systemName,
    ...changes,
    created_at: installation.now(),
    updated_at: installation.now(),
  })
  const [created] = await database.rows('SELECT * FROM authentication_providers WHERE id = ?', [id])
  return providerReply(asked, created ?? {}, 201)
}

async function updateProvider(asked: Asked): Promise<Reply> {
  const { database } = asked.installation
  const provider = await providerAsked(asked)
  if (provider === undefined) return notFound
  const [settings] = await database.rows('SELECT enforce_sso FROM settings WHERE account_id = ?', [
    accountId(asked.caller),
  ])
  // What is the only way in must not be changed from within.
  if (settings?.['enforce_sso'] === true && provider['published'] === true) return accessDenied
  const changes = changesIn(asked)
  await updateRow(asked, 'authentication_providers', provider, changes)
  return providerReply(asked, { ...provider, ...changes }, 200)
}
