import { accessRoutes } from './access-routes.ts'
import { accountRoutes } from './account-routes.ts'
import { accessDenied, accountAt, authenticate } from './authenticate.ts'
import type { Installation } from './installation.ts'
import { answerBackend } from './listener.ts'
import { masterRoutes } from './master-routes.ts'
import { productRoutes } from './product-routes.ts'
import { type Answer, type Format, type Reply, render } from './reply.ts'
import { type ApiRequest, BadRequest, Params } from './request.ts'
import type { Route } from './route.ts'
import { statisticsRoutes } from './statistics-routes.ts'
import type { Row } from './system-database.ts'

const routes = [...masterRoutes, ...accountRoutes, ...productRoutes, ...accessRoutes, ...statisticsRoutes].map(
  (route) => ({ route, pattern: patternOf(route.path) }),
)

/** The master's own routes say it in another way than all the others. */
const unauthorized: Reply = { kind: 'text', status: 401, type: 'text/plain; charset=utf-8', text: 'unauthorized' }

/**
 * What a 3scale answers to a request for any of its hosts, by the rows that its database holds now.
 *
 * Hosts are those of `accounts`, and `backend-…` for the listener. Nobody is thrown at: a database or Redis that cannot
 * be used is a 500, as it would be.
 */
export async function answer(installation: Installation, request: ApiRequest): Promise<Answer> {
  try {
    if (request.host.startsWith('backend-')) return await answerBackend(installation, request)
    const account = await accountAt(installation, request.host)
    if (account !== undefined) return await answerAdmin(installation, account, request)
    return await answerDeveloperPortal(installation, request)
  } catch (error) {
    if (error instanceof BadRequest) return { status: 400, headers: {}, body: '' }
    if (isDuplicate(error)) return { status: 409, headers: {}, body: '' }
    return page(500, 'We are sorry, but something went wrong.')
  }
}

async function answerAdmin(installation: Installation, account: Row, request: ApiRequest): Promise<Answer> {
  const [, path = '', suffix] = /^(.*?)(?:\.(json|xml))?$/.exec(request.path) ?? []
  if (request.method === 'GET' && !path.startsWith('/admin/api/') && !path.startsWith('/stats/')) {
    const shown = adminPage(account, path)
    if (shown !== undefined) return shown
  }
  const format: Format =
    suffix === 'json' || (suffix === undefined && (request.headers['accept'] ?? '').includes('json')) ? 'json' : 'xml'
  const isMaster = account['master'] === true
  for (const { route, pattern } of routes) {
    const found = route.method === request.method && (!route.master || isMaster) ? pattern.exec(path) : null
    if (found === null) continue
    const params = new Params(request, found.groups ?? {})
    const refusal = route.path.startsWith('/master/') ? unauthorized : accessDenied
    const caller = await authenticate(installation, account, request, params, { scope: route.scope, refusal })
    if ('kind' in caller) return render(caller, format)
    return render(await route.answer({ installation, caller, params, host: request.host }), format)
  }
  return page(404, 'Not found')
}

/** The pages of an admin portal that a check from outside looks at. */
function adminPage(account: Row, path: string): Answer | undefined {
  if (path === '/status') return { status: 200, headers: { 'content-type': 'text/plain' }, body: '' }
  if (path === '/p/login') {
    return account['state'] === 'approved' ? page(200, 'Sign in') : page(404, 'Not found')
  }
  if (path === '/' || path === '/p/admin/dashboard') {
    return { ...page(302, ''), headers: { location: `https://${account['self_domain']}/p/login` } }
  }
  return undefined
}

async function answerDeveloperPortal(installation: Installation, request: ApiRequest): Promise<Answer> {
  const [account] = await installation.database.rows('SELECT * FROM accounts WHERE domain = ? AND provider IS TRUE', [
    request.host,
  ])
  if (account === undefined || request.method !== 'GET') return page(404, 'Not found')
  if (request.path === '/status') return { status: 200, headers: { 'content-type': 'text/plain' }, body: '' }
  if (request.path !== '/' || account['state'] !== 'approved') return page(404, 'Not found')
  return account['site_access_code']
    ? { ...page(302, ''), headers: { location: `https://${request.host}/access_code` } }
    : page(200, String(account['org_name']))
}

function page(status: number, text: string): Answer {
  const body = `<!doctype html><title>3scale</title><p>${text.replaceAll('<', '&lt;')}</p>`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body }
}

function patternOf(path: Route['path']): RegExp {
  return new RegExp(`^${path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`)
}

/** PostgreSQL's and MySQL's codes for a row that is there already. */
function isDuplicate(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return code === '23505' || code === 'ER_DUP_ENTRY'
}
