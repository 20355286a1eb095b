import { randomBytes } from 'node:crypto'
import { planSwitches } from '../../threescale/plan-switches.ts'
import { updateMail, updateRow } from './account-routes.ts'
import { scopesIn } from './authenticate.ts'
import { createTenant, signupPlans } from './create-tenant.ts'
import type { Installation } from './installation.ts'
import { upgradeToPlan } from './provider-plan.ts'
import * as represent from './represent.ts'
import type { Fields, Reply } from './reply.ts'
import { rewriteStorage } from './rewrite-storage.ts'
import { type Asked, notFound, type Route } from './route.ts'
import type { Row } from './system-database.ts'

const scope = 'account_management'
const master = true
const providers = '/master/api/providers'

/** What only the master's host answers: making, changing and ending tenants, and getting into them. There is no list. */
export const masterRoutes: readonly Route[] = [
  { method: 'POST', path: providers, scope, master, answer: create },
  { method: 'GET', path: `${providers}/:id`, scope, master, answer: (asked) => ofTenant(asked, async () => undefined) },
  { method: 'PUT', path: `${providers}/:id`, scope, master, answer: update },
  { method: 'DELETE', path: `${providers}/:id`, scope, master, answer: scheduleDeletion },
  { method: 'PUT', path: `${providers}/:id/plan_upgrade`, scope, master, answer: upgradePlan },
  { method: 'POST', path: '/admin/api/sso_tokens/provider_create', scope, master, answer: createSsoToken },
]

function signup(installation: Installation, account: Row, token: Row | null, status = 200): Reply {
  const accessToken: Fields | null =
    token === null
      ? null
      : {
          id: represent.id(token['id']),
          name: token['name'] ?? null,
          scopes: scopesIn(token['scopes']),
          permission: token['permission'] ?? null,
          value: token['value'] ?? null,
        }
  const fields = { account: represent.account(installation, account), access_token: accessToken }
  return { kind: 'item', root: 'signup', status, fields }
}

async function create({ installation, caller, params }: Asked): Promise<Reply> {
  const plans = await signupPlans(installation, caller.account)
  if (plans === undefined) return { kind: 'error', status: 422, message: 'Provider signup not enabled.' }
  const given = (name: string) => (params.within('account', name) ?? '').trim()
  const errors: Record<string, string[]> = {}
  for (const name of ['org_name', 'username', 'email', 'password'] as const) {
    if (given(name) === '') errors[name] = ["can't be blank"]
  }
  if (given('username') !== '' && !/^[\w.@-]{3,40}$/.test(given('username'))) {
    errors['username'] = ['use only letters, numbers, and .-_@ please.']
  }
  if (given('email') !== '' && !/^[^@\s]+@[^@\s]+$/.test(given('email'))) {
    errors['email'] = ['should look like an email address']
  }
  if (Object.keys(errors).length > 0) return { kind: 'invalid', errors }
  const mail = Object.fromEntries(
    (['from_email', 'support_email', 'finance_support_email'] as const).flatMap((name) =>
      given(name) === '' ? [] : [[name, given(name)]],
    ),
  )
  const { account, token } = await createTenant(
    installation,
    caller.account,
    { orgName: given('org_name'), username: given('username'), email: given('email'), mail },
    plans,
  )
  const id = String(account['id'])
  await rewriteStorage(installation, { kind: 'provider', id })
  await rewriteStorage(installation, { kind: 'bought-by', id })
  installation.onDomainsChanged()
  return signup(installation, account, token, 201)
}

/** A tenant by the id in the path, changed by `work`, which may refuse. */
async function ofTenant(asked: Asked, work: (tenant: Row) => Promise<Reply | undefined>): Promise<Reply> {
  const { installation, params, caller } = asked
  const id = params.get('id') ?? ''
  if (!/^\d{1,19}$/.test(id)) return notFound
  const find = () =>
    installation.database.rows(
      `SELECT * FROM accounts WHERE provider IS TRUE AND provider_account_id = ? AND id = ${id}`,
      [caller.account['id'] ?? null],
    )
  const [tenant] = await find()
  if (tenant === undefined || tenant['master'] === true) return notFound
  const refusal = await work(tenant)
  if (refusal !== undefined) return refusal
  const [after] = await find()
  return signup(installation, after ?? tenant, null)
}

const invalidTransition: Reply = { kind: 'error', status: 422, message: 'Invalid state transition' }

const transitions: Readonly<Record<string, { readonly from: readonly string[]; readonly to: string }>> = {
  approve: { from: ['created', 'pending', 'rejected'], to: 'approved' },
  make_pending: { from: ['created', 'approved', 'rejected'], to: 'pending' },
  reject: { from: ['created', 'pending', 'approved'], to: 'rejected' },
  suspend: { from: ['approved'], to: 'suspended' },
  resume: { from: ['suspended', 'scheduled_for_deletion'], to: 'approved' },
  schedule_for_deletion: {
    from: ['created', 'pending', 'approved', 'rejected', 'suspended'],
    to: 'scheduled_for_deletion',
  },
}

function update(asked: Asked): Promise<Reply> {
  return ofTenant(asked, async (tenant) => {
    const event = asked.params.within('account', 'state_event')
    if (event !== undefined) {
      const refusal = await changeState(asked, tenant, event)
      if (refusal !== undefined) return refusal
    }
    return tenant['state'] === 'scheduled_for_deletion' ? undefined : updateMail(asked, tenant)
  })
}

async function changeState(asked: Asked, tenant: Row, event: string): Promise<Reply | undefined> {
  const transition = transitions[event]
  if (transition === undefined || !transition.from.includes(String(tenant['state']))) return invalidTransition
  const { installation } = asked
  await updateRow(asked, 'accounts', tenant, { state: transition.to, state_changed_at: installation.now() })
  return undefined
}

/** One that is scheduled is not found a second time. */
async function scheduleDeletion(asked: Asked): Promise<Reply> {
  const reply = await ofTenant(asked, async (tenant) =>
    tenant['state'] === 'scheduled_for_deletion' ? notFound : changeState(asked, tenant, 'schedule_for_deletion'),
  )
  return reply.kind === 'item' ? { kind: 'empty', status: 200 } : reply
}

function upgradePlan(asked: Asked): Promise<Reply> {
  return ofTenant(asked, async (tenant) => {
    const { installation, params, caller } = asked
    const planId = params.get('plan_id') ?? ''
    const [plan] = /^\d{1,19}$/.test(planId)
      ? await installation.database.rows(
          `SELECT p.* FROM plans p JOIN services s ON s.id = p.issuer_id AND p.issuer_type = 'Service'
           WHERE p.type = 'ApplicationPlan' AND p.original_id = 0 AND s.account_id = ? AND p.id = ${planId}`,
          [caller.account['id'] ?? null],
        )
      : []
    if (plan === undefined) return { kind: 'error', status: 404, message: `Plan with ID ${planId} not found` }
    if (planSwitches[String(plan['system_name'])] === undefined) {
      const message = `Plan ${plan['name']} is not one of the 3scale stock plans. Cannot automatically change to it.`
      return { kind: 'error', status: 400, message }
    }
    await installation.database.transaction((sql) => upgradeToPlan(sql, installation, tenant, plan))
    await rewriteStorage(installation, { kind: 'bought-by', id: String(tenant['id']) })
    return undefined
  })
}

/** The token is made up: the simulated portals have no pages to log in to. */
async function createSsoToken({ installation, caller, params }: Asked): Promise<Reply> {
  const id = params.get('provider_id') ?? ''
  const [tenant] = /^\d{1,19}$/.test(id)
    ? await installation.database.rows(
        `SELECT * FROM accounts WHERE provider_account_id = ? AND id <> ? AND id = ${id}`,
        [caller.account['id'] ?? null, caller.account['id'] ?? null],
      )
    : []
  if (tenant === undefined) return notFound
  const seconds = Number(params.get('expires_in') ?? 600)
  const token = randomBytes(48).toString('base64url')
  const expires = installation.clock.now() + seconds * 1000
  return {
    kind: 'item',
    root: 'sso_token',
    status: 201,
    headers: { expires: new Date(expires).toUTCString() },
    fields: {
      sso_url: `https://${tenant['self_domain']}/p/sso?token=${token}&expires_at=${Math.floor(expires / 1000)}`,
      token,
    },
  }
}
