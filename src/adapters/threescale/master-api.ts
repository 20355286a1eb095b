import type { Secret } from '../../base/secret.ts'
import type { PortalAddress } from '../../model/portal-address.ts'
import type { AccountId, MasterApi } from '../../ports/threescale-api.ts'
import type { ClientOptions } from './api-client.ts'
import * as decode from './decoders.ts'
import { mailBody } from './mail-body.ts'
import { PortalCalls } from './portal-calls.ts'

const providers = '/master/api/providers'

/** The master account's API at its own host. Source: porta `app/controllers/{master,admin}/api`. */
export function masterApi(at: PortalAddress, token: Secret, options: ClientOptions): MasterApi {
  const calls = new PortalCalls(at, token, options)
  const signup = decode.wrapped('signup', decode.signup)
  const tenant = async (id: AccountId, signal: AbortSignal) =>
    (await calls.find(`${providers}/${id}.json`, signup, signal))?.account ?? null
  return {
    tenants: async ({ signal, state }) => {
      const accounts = await calls.all('/admin/api/accounts.json', buyers, signal, { state })
      // A buyer of the master without portals is no tenant.
      const tenants = accounts.flatMap(({ tenant }) => (tenant === null ? [] : [tenant]))
      if (tenants.length > 0 || accounts.length === 0) return tenants
      throw calls.unreadable('/admin/api/accounts.json', 'none of the accounts has portals: is it the master?')
    },
    tenant: (id, { signal }) => tenant(id, signal),
    createTenant: async ({ orgName, username, email, password }, { signal }) => {
      const body = { org_name: orgName, username, email, password: password.reveal('create a tenant') }
      const answer = decode.wrapped('signup', decode.signupWithToken)
      const created = await calls.post(`${providers}.json`, body, answer, signal)
      return { tenant: created.account, token: created.access_token }
    },
    users: (id, { signal }) => calls.all(`/admin/api/accounts/${id}/users.json`, users, signal),
    activateUser: (id, userId, { signal }) =>
      calls.put(
        `/admin/api/accounts/${id}/users/${userId}/activate.json`,
        {},
        decode.wrapped('user', decode.user),
        signal,
      ),
    updateTenant: async (id, changes, { signal }) =>
      (await calls.put(`${providers}/${id}.json`, { account: mailBody(changes) }, signup, signal)).account,
    upgradePlan: async (id, plan, { signal }) =>
      (await calls.put(`${providers}/${id}/plan_upgrade.json`, { plan_id: plan }, signup, signal)).account,
    scheduleDeletion: async (id, { signal }) => {
      const deleted = await calls.delete(`${providers}/${id}.json`, signal)
      // 3scale does not find one that is scheduled already.
      if (deleted || (await tenant(id, signal))?.state === 'scheduled_for_deletion') return
      throw calls.missing('DELETE', `${providers}/${id}.json`)
    },
    applicationPlans: ({ signal }) => calls.all('/admin/api/application_plans.json', plans, signal),
    ssoUrl: (id, { signal, expiresInSeconds }) =>
      calls.post(
        '/admin/api/sso_tokens/provider_create.json',
        { provider_id: id, expires_in: expiresInSeconds },
        decode.wrapped('sso_token', decode.ssoToken),
        signal,
      ),
  }
}

const users = decode.listed('users', 'user', decode.user)
const buyers = decode.listed('accounts', 'account', decode.masterBuyer)
const plans = decode.listed('plans', 'application_plan', decode.applicationPlan)
