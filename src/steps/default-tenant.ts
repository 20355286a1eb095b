import { z } from 'zod'
import type { Step, StepContext } from '../ports/step.ts'
import { type CreatedToken, type TenantApi, tokenScopes, type UserId } from '../ports/threescale-api.ts'
import { masterApi, tenantApi } from './apis.ts'
import { declares } from './declaration.ts'
import { tenantsOf } from './destination-tenants.ts'
import { fault } from './faults.ts'
import { measure } from './measure.ts'
import { domainOf, placeOf, rhoamNamespaces, type ThreescalePlace } from './places.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import { changeSecret, readSecret, restoreSecret, secretValue } from './secrets.ts'
import type { Tools } from './tools.ts'
import { rhoamAdminHost, rhoamTenant, tenantTaken } from './traps.ts'
import { Secret } from '../base/secret.ts'

const tokenName = 'Threeshift for RHOAM'
const adminName = 'admin'

const record = 'default-tenant.json'
/** Whether this row makes the tenant: known before it does. */
const making = z.object({ creates: z.boolean() })

/** Step 19: the tenant that RHOAM calls its own is there, and RHOAM's secret holds a token that it accepts. */
export function defaultTenant(tools: Tools): Step {
  return {
    async check(context) {
      const at = await placeOf(tools, context, 'destination')
      const answers = await providerAnswers(tools, context, at)
      if (answers)
        return { kind: 'done', says: `${rhoamAdminHost(context.migration)} answers RHOAM's token`, facts: {} }
      return { kind: 'needed', says: `${rhoamAdminHost(context.migration)} does not answer RHOAM's token` }
    },

    async explain(context) {
      const found = await storedTenant(context, await placeOf(tools, context, 'destination'))
      return {
        summary: 'RHOAM gets a tenant of its own and a token for it; its secret changes in both namespaces.',
        diff: [
          { what: `tenant ${rhoamTenant}`, before: found?.id ?? null, after: found?.id ?? 'new' },
          { what: 'secret system-seed, ADMIN_ACCESS_TOKEN', before: "the source's", after: `token ${tokenName}` },
        ],
      }
    },

    async apply(context) {
      const at = await placeOf(tools, context, 'destination')
      const existing = await storedTenant(context, at)
      if ((await readRecord(tools, record, making)) === null)
        await writeRecord(tools, record, { creates: existing === undefined })
      const id = existing?.id ?? (await createTenant(tools, context, at))
      // The first user of a new tenant, whose token it is, waits to be activated.
      const activated = await activate(tools, context, at, id)
      const created = await freshToken(tools, context, at, await storedToken(context, at))
      await writeSeed(context, at, created)
      const isNew = (await readRecord(tools, record, making))?.creates === true
      const changes = isNew ? changesOfCreation(id) : changesOfTenant(created.id, activated)
      return { says: `tenant ${id}`, facts: { tenant: id, ...declares(context, changes) } }
    },

    async confirm(context) {
      const at = await placeOf(tools, context, 'destination')
      const operator = await readSecret(operatorNamespace(at, context), 'system-seed')
      const product = await readSecret(at, 'system-seed')
      const token = product?.['ADMIN_ACCESS_TOKEN']
      return {
        says: `${rhoamAdminHost(context.migration)} was called with the token of system-seed`,
        measured: [
          measure('the token is accepted by the tenant', true, await providerAnswers(tools, context, at)),
          measure(
            'both namespaces hold the same token',
            true,
            token !== undefined && operator?.['ADMIN_ACCESS_TOKEN']?.equals(token) === true,
          ),
        ],
        facts: {},
      }
    },

    async undo(context) {
      const known = await readRecord(tools, record, making)
      if (known === null) return { says: 'nothing was changed' }
      const at = await placeOf(tools, context, 'destination')
      const stored = await storedTenant(context, at)
      if (stored !== undefined && known.creates) {
        const master = await masterApi(tools, at)
        const tenant = (await master.tenants({ signal: context.signal })).find(({ id }) => id === stored.id)
        if (tenant !== undefined) await master.scheduleDeletion(tenant.id, { signal: context.signal })
      } else if (stored !== undefined && stored.token !== null) {
        await forgetTokens(tenantApi(tools, at, rhoamAdminHost(context.migration), stored.token), context.signal)
      }
      for (const place of [operatorNamespace(at, context), at])
        await restoreSecret(place, 'system-seed', context.row.id)
      await removeRecord(tools, record)
      const tenant = known.creates ? 'the tenant is scheduled for deletion' : "the tenant was the customer's and stays"
      return { says: `${tenant}; the secret is the source's again` }
    },
  }
}

function operatorNamespace(at: ThreescalePlace, { migration }: StepContext): ThreescalePlace {
  return { ...at, namespace: rhoamNamespaces(migration).operator }
}

async function storedTenant({ migration }: StepContext, at: ThreescalePlace) {
  return tenantTaken(await tenantsOf(at), domainOf(migration, 'destination'))
}

/** The one that the database holds: what the creation told may have died with an earlier try. */
async function storedToken(context: StepContext, at: ThreescalePlace): Promise<Secret> {
  const stored = await storedTenant(context, at)
  if (stored === undefined || stored.token === null)
    throw fault('STEP_NO_TOKEN', { tenants: [stored?.id ?? rhoamTenant] })
  return stored.token
}

/** Gives its id. Faults: STEP_TENANT_ELSEWHERE, when 3scale has given it other hosts than RHOAM looks for; then it goes again. */
async function createTenant(tools: Tools, { migration, signal }: StepContext, at: ThreescalePlace): Promise<string> {
  const password = await secretValue(at, 'system-seed', 'ADMIN_PASSWORD')
  const email = `${adminName}@${rhoamTenant}.${domainOf(migration, 'destination')}`
  const master = await masterApi(tools, at)
  const { tenant } = await master.createTenant(
    { orgName: rhoamTenant, username: adminName, email, password },
    { signal },
  )
  const wanted = rhoamAdminHost(migration)
  if (tenant.adminDomain !== wanted) {
    await master.scheduleDeletion(tenant.id, { signal })
    throw fault('STEP_TENANT_ELSEWHERE', { host: tenant.adminDomain, wanted })
  }
  return tenant.id
}

/** Gives the users that were pending. */
async function activate(
  tools: Tools,
  { signal }: StepContext,
  at: ThreescalePlace,
  tenant: string,
): Promise<readonly UserId[]> {
  const master = await masterApi(tools, at)
  const account = (await master.tenants({ signal })).find(({ id }) => id === tenant)
  if (account === undefined) return []
  const pending = (await master.users(account.id, { signal })).filter(({ state }) => state === 'pending')
  for (const { id } of pending) await master.activateUser(account.id, id, { signal })
  return pending.map(({ id }) => id)
}

/** A tenant that the source does not have, with all that is its own and the contracts that the master has with it. */
function changesOfCreation(tenant: string) {
  const rows = { kind: 'rows', says: `tenant ${tenant} was made for RHOAM`, values: [tenant], expect: 'added' } as const
  return [
    { ...rows, table: '*', column: 'tenant_id' },
    { ...rows, table: 'cinstances', column: 'user_account_id' },
    { kind: 'new-rows', says: 'the metric of its first backend, which names no tenant', tables: ['metrics'] } as const,
    {
      kind: 'cells',
      says: 'plans count their contracts',
      table: 'plans',
      column: 'contracts_count',
      keys: null,
    } as const,
  ]
}

function changesOfTenant(token: string, activated: readonly string[]) {
  const users = { kind: 'cells', says: 'pending users were activated', table: 'users', keys: [...activated] } as const
  return [
    {
      kind: 'rows',
      says: 'RHOAM has a token of its own',
      table: 'access_tokens',
      column: 'id',
      values: [token],
      expect: 'added',
    } as const,
    ...(activated.length === 0
      ? []
      : ['state', 'activated_at', 'activation_code', 'updated_at'].map((column) => ({ ...users, column }))),
  ]
}

/**
 * A token with every scope; those of this name that earlier tries made go, for their values are lost: after it was made, for the one
 * that it is made with may be among them.
 */
async function freshToken(
  tools: Tools,
  { migration, signal }: StepContext,
  at: ThreescalePlace,
  token: Secret,
): Promise<CreatedToken> {
  const host = rhoamAdminHost(migration)
  const wanted = { name: tokenName, permission: 'rw', scopes: tokenScopes } as const
  const created = await tenantApi(tools, at, host, token).createAccessToken(wanted, { signal })
  await forgetTokens(tenantApi(tools, at, host, created.value), signal, created.id)
  return created
}

async function forgetTokens(api: TenantApi, signal: AbortSignal, except?: string): Promise<void> {
  for (const { id, name } of await api.accessTokens({ signal })) {
    if (name === tokenName && id !== except) await api.deleteAccessToken(id, { signal })
  }
}

/** RHOAM's operator first: it writes what it holds over what 3scale holds. */
async function writeSeed(context: StepContext, at: ThreescalePlace, { value }: CreatedToken): Promise<void> {
  const email = `${adminName}@${rhoamTenant}.${domainOf(context.migration, 'destination')}`
  const values = { ADMIN_ACCESS_TOKEN: value, ADMIN_USER: new Secret(adminName), ADMIN_EMAIL: new Secret(email) }
  for (const place of [operatorNamespace(at, context), at])
    await changeSecret(place, 'system-seed', values, context.row.id)
}

async function providerAnswers(
  tools: Tools,
  { migration, signal }: StepContext,
  at: ThreescalePlace,
): Promise<boolean> {
  const token = (await readSecret(at, 'system-seed'))?.['ADMIN_ACCESS_TOKEN']
  if (token === undefined) return false
  const host = rhoamAdminHost(migration)
  try {
    return (await tenantApi(tools, at, host, token).provider({ signal })).adminDomain === host
  } catch (error) {
    signal.throwIfAborted()
    if (isFault(error, 'THREESCALE_')) return false
    throw error
  }
}

function isFault(error: unknown, prefix: string): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith(prefix)
}
