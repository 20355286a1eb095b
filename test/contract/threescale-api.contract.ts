import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import type { MasterApi, TenantApi } from '../../src/ports/threescale-api.ts'

/** A 3scale for the contract: with a master, some tenants, and a tenant whose token may do everything it is asked. */
export interface ContractThreescale {
  master(): Promise<MasterApi>
  /** The admin API of a tenant by its host, with a token of its own. */
  withToken(adminDomain: string, token: Secret): TenantApi
  /** Of any tenant: its host, a token with account_management and stats, and one that may only read. */
  anyTenant(): Promise<{ readonly adminDomain: string; readonly token: Secret; readonly readOnly: Secret }>
}

const { signal } = new AbortController()

/** The fault that the work ends with, in which no token may be found however it is printed. */
export async function faultOf(work: Promise<unknown>, ...hidden: readonly Secret[]): Promise<Fault> {
  const error = await work.then(
    (result) => assert.fail(`it worked: ${inspect(result)}`),
    (error: unknown) => error,
  )
  assert.ok(error instanceof Fault, String(error))
  const printed = `${error.message} ${error.remedy} ${JSON.stringify(error)} ${inspect(error, { depth: 20, showHidden: true })}`
  for (const secret of hidden) {
    const value = secret.reveal('look for it in a fault')
    for (const form of [value, Buffer.from(`:${value}`).toString('base64'), encodeURIComponent(value)]) {
      assert.ok(!printed.includes(form), `a token in ${printed}`)
    }
  }
  return error
}

/** What every 3scale has to keep that stands behind the port, simulated or real; it makes one tenant and removes it. */
export function threescaleApiContract(name: string, get: () => ContractThreescale): void {
  describe(`the 3scale API of ${name}`, () => {
    test('lists its tenants, each of which is found by its id, and none is the master', async () => {
      const master = await get().master()
      const tenants = await master.tenants({ signal })
      assert.ok(tenants.length > 0)
      assert.equal(new Set(tenants.map(({ id }) => id)).size, tenants.length)
      assert.equal(new Set(tenants.map(({ adminDomain }) => adminDomain)).size, tenants.length)
      const [first] = tenants
      assert.ok(first)
      assert.deepEqual(await master.tenant(first.id, { signal }), first)
      const approved = await master.tenants({ signal, state: 'approved' })
      assert.deepEqual(
        approved,
        tenants.filter(({ state }) => state === 'approved'),
      )
    })

    test('gives null for a tenant that does not exist, and a fault for a change of it', async () => {
      const master = await get().master()
      const [tenant] = await master.tenants({ signal })
      assert.ok(tenant)
      // Branding: an id that nobody has.
      const nobody = '999999999' as typeof tenant.id
      assert.equal(await master.tenant(nobody, { signal }), null)
      const change = master.updateTenant(nobody, { fromEmail: 'a@example.org' }, { signal })
      assert.equal((await faultOf(change)).code, 'THREESCALE_NOT_FOUND')
      assert.equal((await faultOf(master.scheduleDeletion(nobody, { signal }))).code, 'THREESCALE_NOT_FOUND')
      assert.equal((await faultOf(master.users(nobody, { signal }))).code, 'THREESCALE_NOT_FOUND')
    })

    test('makes a tenant whose one token becomes one with every scope, whose user is activated, and ends it', async () => {
      const master = await get().master()
      const secret = new Secret('s3cret-Password')
      const wanted = {
        orgName: 'Contract Tenant',
        username: 'admin',
        email: 'admin@contract.example.org',
        password: secret,
      }
      const { tenant, token } = await master.createTenant(wanted, { signal })
      assert.equal(tenant.orgName, 'Contract Tenant')
      assert.equal(tenant.state, 'approved')
      assert.match(tenant.adminDomain, /^contract-tenant.*-admin\./)
      assert.ok((await master.tenants({ signal })).some(({ id }) => id === tenant.id))

      const [user, ...others] = await master.users(tenant.id, { signal })
      assert.ok(user)
      assert.deepEqual(others, [], 'the impersonation user is not listed')
      assert.deepEqual([user.username, user.state, user.role], ['admin', 'pending', 'admin'])
      assert.equal((await master.activateUser(tenant.id, user.id, { signal })).state, 'active')
      assert.equal((await master.activateUser(tenant.id, user.id, { signal })).state, 'active')

      const first = get().withToken(tenant.adminDomain, token.value)
      assert.deepEqual(await first.provider({ signal }), tenant)
      const [service] = await first.services({ signal })
      assert.equal(service?.name, 'API')
      assert.ok(service)
      const query = {
        of: { kind: 'service', id: service.id },
        metric: 'hits',
        granularity: 'day',
        since: tenant.createdAt,
        until: tenant.createdAt,
      } as const
      assert.equal((await faultOf(first.usage(query, { signal }), token.value)).code, 'THREESCALE_FORBIDDEN')

      const scopes = ['account_management', 'stats', 'cms', 'finance', 'policy_registry'] as const
      const full = await first.createAccessToken({ name: 'all', permission: 'rw', scopes }, { signal })
      const all = get().withToken(tenant.adminDomain, full.value)
      assert.equal((await all.usage(query, { signal })).total, 0n)
      assert.deepEqual(
        (await all.accessTokens({ signal })).map(({ name, permission, scopes }) => [name, permission, scopes.length]),
        [
          ['Administration', 'rw', 2],
          ['all', 'rw', 5],
        ],
      )
      await all.deleteAccessToken(full.id, { signal })
      assert.equal((await faultOf(all.services({ signal }), full.value)).code, 'THREESCALE_FORBIDDEN')
      await first.deleteAccessToken(full.id, { signal })

      await master.scheduleDeletion(tenant.id, { signal })
      await master.scheduleDeletion(tenant.id, { signal })
      assert.equal((await master.tenant(tenant.id, { signal }))?.state, 'scheduled_for_deletion')
      assert.equal((await faultOf(first.provider({ signal }), token.value)).code, 'THREESCALE_FORBIDDEN')
    })

    test('says what is wrong with a tenant that it does not make, and makes none', async () => {
      const master = await get().master()
      const before = await master.tenants({ signal })
      const wanted = { orgName: '', username: 'admin', email: 'nowhere', password: new Secret('p') }
      const fault = await faultOf(master.createTenant(wanted, { signal }))
      assert.equal(fault.code, 'THREESCALE_INVALID')
      assert.match(fault.message, /org_name/)
      assert.match(fault.message, /email/)
      assert.deepEqual(await master.tenants({ signal }), before)
    })

    test('changes the mail addresses that are named, and leaves the others', async () => {
      const master = await get().master()
      const [tenant] = await master.tenants({ signal, state: 'approved' })
      assert.ok(tenant)
      const changed = await master.updateTenant(tenant.id, { fromEmail: 'from@rhoam.example.org' }, { signal })
      assert.deepEqual(changed, { ...tenant, fromEmail: 'from@rhoam.example.org' })
      const back = await master.updateTenant(tenant.id, { fromEmail: tenant.fromEmail ?? '' }, { signal })
      assert.deepEqual(back, tenant)
      const wrong = master.updateTenant(tenant.id, { fromEmail: 'not an address' }, { signal })
      assert.equal((await faultOf(wrong)).code, 'THREESCALE_INVALID')
    })

    test('registers an identity provider once, shows it, and publishes it', async () => {
      const { adminDomain, token } = await get().anyTenant()
      const tenant = get().withToken(adminDomain, token)
      const before = await tenant.authenticationProviders({ signal })
      const clientSecret = new Secret('the-secret-of-the-client')
      const wanted = {
        kind: 'keycloak',
        name: 'rhsso',
        systemName: 'contract_rhsso',
        clientId: '3scale',
        clientSecret,
        site: 'https://sso.example.org/auth/realms/openshift',
        skipSslCertificateVerification: true,
        published: false,
      } as const
      const made = await tenant.createAuthenticationProvider(wanted, { signal })
      assert.equal(made.published, false)
      assert.match(made.callbackUrl ?? '', new RegExp(`^https://${adminDomain}/auth/contract_rhsso/`))
      assert.ok(!inspect(made).includes('the-secret-of-the-client'))
      const again = await faultOf(tenant.createAuthenticationProvider(wanted, { signal }), token, clientSecret)
      assert.equal(again.code, 'THREESCALE_INVALID')
      assert.match(again.message, /system_name has already been taken/)
      const published = await tenant.updateAuthenticationProvider(made.id, { published: true }, { signal })
      assert.deepEqual(published, { ...made, published: true })
      assert.deepEqual(await tenant.authenticationProviders({ signal }), [...before, published])
    })

    test('refuses an unknown token, another account’s, and a change with a token that may only read', async () => {
      const { adminDomain, token, readOnly } = await get().anyTenant()
      const unknown = new Secret('no-such-token')
      const refused = await faultOf(get().withToken(adminDomain, unknown).provider({ signal }), unknown)
      assert.equal(refused.code, 'THREESCALE_FORBIDDEN')
      const reader = get().withToken(adminDomain, readOnly)
      assert.deepEqual(
        await reader.provider({ signal }),
        await get().withToken(adminDomain, token).provider({ signal }),
      )
      const change = reader.updateProvider({ supportEmail: 'support@example.org' }, { signal })
      assert.equal((await faultOf(change, readOnly)).code, 'THREESCALE_FORBIDDEN')
      const tenants = await (await get().master()).tenants({ signal, state: 'approved' })
      const other = tenants.find((tenant) => tenant.adminDomain !== adminDomain)
      assert.ok(other)
      const strange = get().withToken(other.adminDomain, token)
      assert.equal((await faultOf(strange.provider({ signal }), token)).code, 'THREESCALE_FORBIDDEN')
    })

    test('answers at no host that is not stored', async () => {
      const { adminDomain, token } = await get().anyTenant()
      const nowhere = get().withToken(`nobody-${adminDomain}`, token)
      const tenant = get().withToken(adminDomain, token)
      const [service] = await tenant.services({ signal })
      const [user] = await tenant.users({ signal })
      assert.ok(service && user)
      assert.equal((await faultOf(nowhere.provider({ signal }), token)).code, 'THREESCALE_NOT_FOUND')
      // What is asked of the wrong host is not absent, and not gone: nothing is known of it.
      const config = nowhere.latestProxyConfig(service.id, 'production', { signal })
      assert.equal((await faultOf(config, token)).code, 'THREESCALE_NOT_FOUND')
      assert.equal((await faultOf(nowhere.deleteUser(user.id, { signal }), token)).code, 'THREESCALE_NOT_FOUND')
    })
  })
}
