import * as represent from './represent.ts'
import { type Asked, listPage, notFound, type Route } from './route.ts'
import type { Fields, Reply } from './reply.ts'
import type { Cell, Row } from './system-database.ts'

const scope = 'account_management'
/** Who support people of the vendor come in as; never listed, never to be changed. */
export const impersonationUser = '3scaleadmin'

/** The account itself, the accounts below it, and the users of both. */
export const accountRoutes: readonly Route[] = [
  { method: 'GET', path: '/admin/api/provider', scope, answer: async (asked) => providerReply(asked) },
  { method: 'PUT', path: '/admin/api/provider', scope, answer: updateProvider },
  { method: 'GET', path: '/admin/api/accounts', scope, answer: listAccounts },
  { method: 'GET', path: '/admin/api/accounts/find', scope, answer: findAccount },
  { method: 'GET', path: '/admin/api/accounts/:account_id', scope, answer: showAccount },
  { method: 'PUT', path: '/admin/api/accounts/:account_id/approve', scope, answer: changeState('approved') },
  { method: 'PUT', path: '/admin/api/accounts/:account_id/reject', scope, answer: changeState('rejected') },
  { method: 'PUT', path: '/admin/api/accounts/:account_id/make_pending', scope, answer: changeState('pending') },
  { method: 'GET', path: '/admin/api/accounts/:account_id/users', scope, answer: listUsersBelow },
  { method: 'PUT', path: '/admin/api/accounts/:account_id/users/:id/activate', scope, answer: activateUserBelow },
  { method: 'GET', path: '/admin/api/users', scope, answer: listUsers },
  { method: 'GET', path: '/admin/api/users/:id', scope, answer: (asked) => ofOwnUser(asked, async (user) => user) },
  { method: 'DELETE', path: '/admin/api/users/:id', scope, answer: deleteUser },
  { method: 'PUT', path: '/admin/api/users/:id/admin', scope, answer: updateUser({ role: 'admin' }) },
  { method: 'PUT', path: '/admin/api/users/:id/member', scope, answer: updateUser({ role: 'member' }) },
  { method: 'PUT', path: '/admin/api/users/:id/activate', scope, answer: updateUser({ state: 'active' }) },
  { method: 'PUT', path: '/admin/api/users/:id/suspend', scope, answer: updateUser({ state: 'suspended' }) },
]

function item(root: string, fields: Fields): Reply {
  return { kind: 'item', root, fields }
}

function providerReply({ installation, caller }: Asked): Reply {
  return item('account', represent.account(installation, caller.account))
}

const mailColumns = ['from_email', 'support_email', 'finance_support_email', 'site_access_code'] as const

/** Changes those addresses of an account that the request names; what is wrong with them is told instead. */
export async function updateMail(asked: Asked, account: Row): Promise<Reply | undefined> {
  const changes = mailColumns.flatMap((column) => {
    const value = asked.params.within('account', column)
    return value === undefined ? [] : [[column, value] as const]
  })
  const wrong = changes.filter(([column, value]) => column.endsWith('_email') && !/^$|^[^@\s]+@[^@\s]+$/.test(value))
  if (wrong.length > 0) {
    return { kind: 'invalid', errors: Object.fromEntries(wrong.map(([column]) => [column, ['is invalid']])) }
  }
  for (const [column, value] of changes) await updateRow(asked, 'accounts', account, { [column]: value })
  return undefined
}

async function updateProvider(asked: Asked): Promise<Reply> {
  const { account } = asked.caller
  const refusal = await updateMail(asked, account)
  if (refusal !== undefined) return refusal
  const [changed] = await asked.installation.database.rows('SELECT * FROM accounts WHERE id = ?', [
    account['id'] ?? null,
  ])
  return item('account', represent.account(asked.installation, changed ?? account))
}

/** What an account sees as its own: never itself, though the master's provider is the master. */
const below = 'FROM accounts WHERE provider_account_id = ? AND id <> ?'

function ownId({ caller }: Asked): Cell {
  return caller.account['id'] ?? null
}

function listAccounts(asked: Asked): Promise<Reply> {
  const state = asked.params.get('state') ?? ''
  return listPage(asked, {
    select: '*',
    from: `${below}${state === '' ? '' : ' AND state = ?'}`,
    values: [ownId(asked), ownId(asked), ...(state === '' ? [] : [state])],
    order: 'id',
    root: 'accounts',
    item: 'account',
    represent: (row) => represent.account(asked.installation, row),
  })
}

async function findAccount(asked: Asked): Promise<Reply> {
  const { params, installation } = asked
  const by = (['username', 'email', 'user_id'] as const).find((name) => params.get(name) !== undefined)
  if (by === undefined) return notFound
  const [account] = await installation.database.rows(
    `SELECT a.* FROM accounts a JOIN users u ON u.account_id = a.id
     WHERE a.provider_account_id = ? AND a.id <> ? AND u.${by === 'user_id' ? 'id' : by} = ? ORDER BY u.id LIMIT 1`,
    [ownId(asked), ownId(asked), params.get(by) ?? null],
  )
  return account === undefined ? notFound : item('account', represent.account(installation, account))
}

/** An account below the caller's by the id in the path. */
export async function accountBelow(asked: Asked): Promise<Row | undefined> {
  const id = asked.params.get('account_id') ?? ''
  if (!/^\d{1,19}$/.test(id)) return undefined
  const [account] = await asked.installation.database.rows(`SELECT * ${below} AND id = ${id}`, [
    ownId(asked),
    ownId(asked),
  ])
  return account
}

async function showAccount(asked: Asked): Promise<Reply> {
  const account = await accountBelow(asked)
  return account === undefined ? notFound : item('account', represent.account(asked.installation, account))
}

function changeState(state: string): Route['answer'] {
  return async (asked) => {
    const account = await accountBelow(asked)
    if (account === undefined) return notFound
    const { installation } = asked
    const changes = { state, state_changed_at: installation.now() }
    await updateRow(asked, 'accounts', account, changes)
    return item('account', represent.account(installation, { ...account, ...changes }))
  }
}

function userList(asked: Asked, accountId: Cell): Promise<Reply> {
  const filters = (['state', 'role'] as const).filter((name) => (asked.params.get(name) ?? '') !== '')
  return listAll(asked, {
    from: `FROM users WHERE account_id = ? AND (username IS NULL OR username <> '${impersonationUser}')${filters
      .map((name) => ` AND ${name} = ?`)
      .join('')}`,
    values: [accountId, ...filters.map((name) => asked.params.get(name) ?? null)],
    root: 'users',
    item: 'user',
    represent: represent.user,
  })
}

/** A list that 3scale does not page. */
export async function listAll(
  { installation }: Asked,
  query: {
    readonly from: string
    readonly values: readonly Cell[]
    readonly root: string
    readonly item: string
    readonly represent: (row: Row) => Fields
  },
): Promise<Reply> {
  const rows = await installation.database.rows(`SELECT * ${query.from} ORDER BY id`, query.values)
  return { kind: 'list', root: query.root, item: query.item, rows: rows.map(query.represent) }
}

/** Only where the tenant's plan lets it have more than one user. */
async function listUsers(asked: Asked): Promise<Reply> {
  if (asked.caller.user !== null && !asked.caller.isMaster) {
    const [settings] = await asked.installation.database.rows(
      'SELECT multiple_users_switch FROM settings WHERE account_id = ?',
      [ownId(asked)],
    )
    if (settings?.['multiple_users_switch'] === 'denied') {
      return { kind: 'error', status: 403, message: 'Access denied' }
    }
  }
  return userList(asked, ownId(asked))
}

async function listUsersBelow(asked: Asked): Promise<Reply> {
  const account = await accountBelow(asked)
  return account === undefined ? notFound : userList(asked, account['id'] ?? null)
}

async function activateUserBelow(asked: Asked): Promise<Reply> {
  const account = await accountBelow(asked)
  return account === undefined ? notFound : ofUser(asked, account['id'] ?? null, (user) => activate(asked, user))
}

async function activate(asked: Asked, user: Row): Promise<Row> {
  if (user['state'] === 'active') return user
  const changes = { state: 'active', activated_at: asked.installation.now(), activation_code: null }
  await updateRow(asked, 'users', user, changes)
  return { ...user, ...changes }
}

function updateUser(changes: Row): Route['answer'] {
  return (asked) =>
    ofOwnUser(asked, async (user) => {
      if (changes['state'] === 'active') return activate(asked, user)
      await updateRow(asked, 'users', user, changes)
      return { ...user, ...changes }
    })
}

async function deleteUser(asked: Asked): Promise<Reply> {
  const reply = await ofOwnUser(asked, async (user) => {
    const { database } = asked.installation
    await database.transaction(async (sql) => {
      const id = user['id'] ?? null
      for (const [table, column] of belongsToUser) await sql.run(`DELETE FROM ${table} WHERE ${column} = ?`, [id])
      await sql.run('UPDATE proxy_configs SET user_id = NULL WHERE user_id = ?', [id])
      await sql.run('DELETE FROM users WHERE id = ?', [id])
    })
    return user
  })
  return reply.kind === 'item' ? { kind: 'empty', status: 200 } : reply
}

const belongsToUser = [
  ['user_sessions', 'user_id'],
  ['access_tokens', 'owner_id'],
  ['provided_access_tokens', 'user_id'],
  ['sso_authorizations', 'user_id'],
  ['notification_preferences', 'user_id'],
  ['member_permissions', 'user_id'],
] as const

function ofOwnUser(asked: Asked, work: (user: Row) => Promise<Row>): Promise<Reply> {
  return ofUser(asked, ownId(asked), work)
}

async function ofUser(asked: Asked, accountId: Cell, work: (user: Row) => Promise<Row>): Promise<Reply> {
  const id = asked.params.get('id') ?? ''
  if (!/^\d{1,19}$/.test(id)) return notFound
  const [user] = await asked.installation.database.rows(
    `SELECT * FROM users WHERE account_id = ? AND id = ${id} AND (username IS NULL OR username <> '${impersonationUser}')`,
    [accountId],
  )
  return user === undefined ? notFound : item('user', represent.user(await work(user)))
}

/** Sets columns of one row, and when that was. */
export async function updateRow(
  asked: Pick<Asked, 'installation'>,
  table: string,
  row: Row,
  changes: Row,
): Promise<void> {
  const { database } = asked.installation
  const all = { ...changes, updated_at: asked.installation.now() }
  const names = Object.keys(all)
  await database.run(`UPDATE ${table} SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`, [
    ...Object.values(all),
    row['id'] ?? null,
  ])
}
