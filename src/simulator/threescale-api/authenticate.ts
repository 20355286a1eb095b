import type { Installation } from './installation.ts'
import type { ApiRequest, Params } from './request.ts'
import type { Reply } from './reply.ts'
import type { Row } from './system-database.ts'

export type Scope = 'account_management' | 'stats' | 'cms' | 'finance' | 'policy_registry'
const everyScope: readonly Scope[] = ['account_management', 'stats', 'cms', 'finance', 'policy_registry']

/** Who asks: an account's user by an access token, or the account itself by its provider key. */
export interface Caller {
  /** The account whose admin portal was asked. */
  readonly account: Row
  readonly isMaster: boolean
  /** null: it came with a provider key. */
  readonly user: Row | null
}

/** The account whose admin portal is at this host; domains are compared as they are stored. */
export async function accountAt(installation: Installation, host: string): Promise<Row | undefined> {
  const [account] = await installation.database.rows(
    'SELECT * FROM accounts WHERE self_domain = ? AND (provider IS TRUE OR master IS TRUE)',
    [host],
  )
  return account
}

/** The scopes that an account's users may give to their tokens: the master has no portal and no bills on premises. */
export function scopesOf(isMaster: boolean): readonly Scope[] {
  return isMaster ? everyScope.filter((scope) => scope !== 'cms' && scope !== 'finance') : everyScope
}

/** The scopes in a token's YAML list. */
export function scopesIn(yaml: unknown): readonly string[] {
  return [...String(yaml).matchAll(/^- ["']?(\w+)/gm)].map(([, scope = '']) => scope)
}

/**
 * Lets the caller in, or says why not, in the order in which 3scale looks: who it is, whether the account is approved,
 * what the token is for, and whether it may change something.
 */
export async function authenticate(
  installation: Installation,
  account: Row,
  request: ApiRequest,
  params: Params,
  needs: { readonly scope: Scope; readonly refusal: Reply },
): Promise<Caller | Reply> {
  const isMaster = account['master'] === true
  const basic = basicAuthentication(request.headers['authorization'])
  const token = await tokenOf(installation, account, params.get('access_token') ?? basic?.password ?? '')
  const key = token === undefined ? (params.get('provider_key') ?? basic?.user ?? '') : ''
  if (token === undefined && !(await isProviderKey(installation, account, key))) return needs.refusal
  if (account['state'] !== 'approved') return { kind: 'empty', status: 403 }
  if (token === undefined) return { account, isMaster, user: null }
  const allowed = scopesOf(isMaster).includes(needs.scope) && scopesIn(token['scopes']).includes(needs.scope)
  if (!allowed || (token['permission'] === 'ro' && request.method !== 'GET')) return notPermitted
  const [user] = await installation.database.rows('SELECT * FROM users WHERE id = ?', [token['owner_id'] ?? null])
  return { account, isMaster, user: user ?? null }
}

export const accessDenied: Reply = { kind: 'error', status: 403, message: 'Access denied' }
const notPermitted: Reply = {
  kind: 'error',
  status: 403,
  message: 'Your access token does not have the correct permissions',
}

async function tokenOf(installation: Installation, account: Row, value: string): Promise<Row | undefined> {
  if (value === '') return undefined
  const [token] = await installation.database.rows(
    'SELECT t.* FROM access_tokens t JOIN users u ON u.id = t.owner_id WHERE t.value = ? AND u.account_id = ?',
    [value, account['id'] ?? null],
  )
  // Before 2.16 tokens had no end.
  const expires = token?.['expires_at'] ?? null
  return expires !== null && String(expires) <= installation.now() ? undefined : token
}

/** A tenant's provider key is the user key of its own application at the master. */
async function isProviderKey(installation: Installation, account: Row, key: string): Promise<boolean> {
  if (key === '') return false
  const found = await installation.database.rows(
    `SELECT c.id FROM cinstances c JOIN services s ON s.id = c.service_id JOIN accounts m ON m.id = s.account_id
     WHERE m.master IS TRUE AND c.type = 'Cinstance' AND c.user_account_id = ? AND c.user_key = ?`,
    [account['id'] ?? null, key],
  )
  return found.length > 0
}

function basicAuthentication(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^Basic ([\w+/=]+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
