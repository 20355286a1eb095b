import { z } from 'zod'
import type { EpochMs } from '../../base/clock.ts'
import { Secret } from '../../base/secret.ts'
import {
  type AccountId,
  type ApplicationId,
  type AuthenticationProviderId,
  accountStates,
  type BackendApiId,
  type PlanId,
  type ServiceId,
  type TokenId,
  type UserId,
} from '../../ports/threescale-api.ts'

/*
 * What 3scale's JSON has to look like, and what becomes of it. Fields that nobody needs are not looked at. 3scale leaves
 * out what is nil, so that a field which may be missing may also be null here.
 */

/** An id, which JSON has as a number of any size. Branding is the one thing that the cast is for. */
function id<Id extends string>() {
  return z.union([z.int(), z.bigint()]).transform((value) => String(value) as Id)
}

const count = z.union([z.int(), z.bigint()]).transform(BigInt)
// Branding, again.
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text) as EpochMs)
const text = z.string()
const optionalText = z
  .string()
  .nullish()
  .transform((value) => value ?? null)

export const tenantAccount = z
  .object({
    id: id<AccountId>(),
    org_name: text,
    state: z.enum(accountStates),
    created_at: instant,
    domain: text,
    admin_domain: text,
    from_email: optionalText,
    support_email: optionalText,
    finance_support_email: optionalText,
  })
  .transform((row) => ({
    id: row.id,
    orgName: row.org_name,
    state: row.state,
    createdAt: row.created_at,
    domain: row.domain,
    adminDomain: row.admin_domain,
    fromEmail: row.from_email,
    supportEmail: row.support_email,
    financeSupportEmail: row.finance_support_email,
  }))

/** What the master sees below it: tenants, and accounts without portals, which are none. */
export const masterBuyer = z.union([
  z
    .object({ id: id<AccountId>(), admin_domain: z.undefined().optional() })
    .transform(({ id }) => ({ id, tenant: null })),
  tenantAccount.transform((tenant) => ({ id: tenant.id, tenant })),
])

export const developerAccount = z
  .object({ id: id<AccountId>(), org_name: text, state: z.enum(accountStates) })
  .transform((row) => ({ id: row.id, orgName: row.org_name, state: row.state }))

export const user = z
  .object({ id: id<UserId>(), state: text, role: optionalText, username: optionalText, email: optionalText })
  // Whoever is not said to be an admin is none.
  .transform((row) => ({ ...row, role: row.role === 'admin' ? ('admin' as const) : ('member' as const) }))

export const service = z
  .object({
    id: id<ServiceId>(),
    name: text,
    system_name: text,
    state: text,
    backend_version: optionalText,
    deployment_option: text,
  })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    systemName: row.system_name,
    state: row.state,
    backendVersion: row.backend_version,
    deploymentOption: row.deployment_option,
  }))

export const backendApi = z
  .object({ id: id<BackendApiId>(), name: text, system_name: text, private_endpoint: optionalText })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    systemName: row.system_name,
    privateEndpoint: row.private_endpoint,
  }))

export const applicationPlan = z
  .object({ id: id<PlanId>(), name: text, system_name: text, state: text, default: z.boolean(), custom: z.boolean() })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    systemName: row.system_name,
    state: row.state,
    isDefault: row.default,
    isCustom: row.custom,
  }))

export const application = z
  .object({
    id: id<ApplicationId>(),
    account_id: id<AccountId>(),
    service_id: id<ServiceId>(),
    plan_id: id<PlanId>(),
    state: text,
    name: optionalText,
    user_key: text.nullish(),
    application_id: text.nullish(),
  })
  .transform((row) => ({
    id: row.id,
    accountId: row.account_id,
    serviceId: row.service_id,
    planId: row.plan_id,
    state: row.state,
    name: row.name,
    userKey: row.user_key ? new Secret(row.user_key) : null,
    appId: row.application_id ?? null,
  }))

export const applicationKey = z.object({ value: text }).transform(({ value }) => new Secret(value))

export const proxy = z
  .object({
    service_id: id<ServiceId>(),
    endpoint: optionalText,
    sandbox_endpoint: optionalText,
    credentials_location: text,
  })
  .transform((row) => ({
    serviceId: row.service_id,
    endpoint: row.endpoint,
    sandboxEndpoint: row.sandbox_endpoint,
    credentialsLocation: row.credentials_location,
  }))

export const proxyConfig = z
  .object({
    version: z.int(),
    environment: z.enum(['sandbox', 'production']),
    content: z.looseObject({ proxy: z.looseObject({ hosts: z.array(text).nullish() }).nullish() }),
  })
  .transform(({ version, environment, content }) => ({
    version,
    environment,
    content: new Secret(JSON.stringify(content, (_key, value) => (typeof value === 'bigint' ? String(value) : value))),
    hosts: content.proxy?.hosts ?? [],
  }))

export const accessToken = z.object({
  id: id<TokenId>(),
  name: text,
  permission: z.enum(['ro', 'rw']),
  scopes: z.array(text),
})
export const createdToken = z
  .object({ id: id<TokenId>(), value: text.min(1) })
  .transform((row) => ({ id: row.id, value: new Secret(row.value) }))

export const authenticationProvider = z
  .object({
    id: id<AuthenticationProviderId>(),
    kind: text,
    name: text,
    system_name: text,
    client_id: optionalText,
    site: optionalText,
    skip_ssl_certificate_verification: z.boolean().nullish(),
    published: z.boolean().nullish(),
    callback_url: optionalText,
  })
  .transform((row) => ({
    id: row.id,
    kind: row.kind,
    name: row.name,
    systemName: row.system_name,
    clientId: row.client_id,
    site: row.site,
    skipSslCertificateVerification: row.skip_ssl_certificate_verification ?? false,
    published: row.published ?? false,
    callbackUrl: row.callback_url,
  }))

export const usage = z
  .object({ metric: z.object({ system_name: text }), total: count, values: z.array(count) })
  .transform(({ metric, total, values }) => ({ metric: metric.system_name, total, values }))

export const signup = z.object({ account: tenantAccount })
export const signupWithToken = z.object({ account: tenantAccount, access_token: createdToken })
export const ssoToken = z.object({ sso_url: text.min(1) }).transform((row) => new Secret(row.sso_url))

/** `{root: {…}}` */
export function wrapped<Schema extends z.ZodType>(root: string, schema: Schema) {
  return z.object({ [root]: schema }).transform((answer) => answer[root] as z.output<Schema>)
}

/** `{root: [{item: {…}}, …]}` */
export function listed<Schema extends z.ZodType>(root: string, item: string, schema: Schema) {
  return z
    .object({ [root]: z.array(z.object({ [item]: schema })) })
    .transform((answer) => (answer[root] ?? []).map((row) => row[item] as z.output<Schema>))
}
