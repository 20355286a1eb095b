import type { EpochMs } from '../base/clock.ts'
import type { Secret } from '../base/secret.ts'
import type { PortalAddress } from '../model/portal-address.ts'

/** Ids of 3scale's database in decimal digits: they are 64 bits wide. */
export type AccountId = string & { readonly __id: 'account' }
export type UserId = string & { readonly __id: 'user' }
export type ServiceId = string & { readonly __id: 'service' }
export type BackendApiId = string & { readonly __id: 'backend api' }
export type ApplicationId = string & { readonly __id: 'application' }
export type PlanId = string & { readonly __id: 'plan' }
export type TokenId = string & { readonly __id: 'access token' }
export type AuthenticationProviderId = string & { readonly __id: 'authentication provider' }

/** Every call that waits takes it: on abort the request is cut and the reason thrown; a change may have been made or not. */
export interface Abortable {
  readonly signal: AbortSignal
}

export const accountStates = [
  'created',
  'pending',
  'approved',
  'rejected',
  'suspended',
  'scheduled_for_deletion',
] as const
export type AccountState = (typeof accountStates)[number]

/** An account that has portals of its own, as 3scale's master sees it. */
export interface TenantAccount {
  readonly id: AccountId
  readonly orgName: string
  readonly state: AccountState
  readonly createdAt: EpochMs
  /** Host of the developer portal. */
  readonly domain: string
  /** Host of the admin portal. */
  readonly adminDomain: string
  /** 3scale's own address where the tenant has none: the API does not tell one from the other. */
  readonly fromEmail: string | null
  readonly supportEmail: string | null
  readonly financeSupportEmail: string | null
}

export interface PortalUser {
  readonly id: UserId
  readonly state: string
  readonly role: 'admin' | 'member'
  /** null: invited, and not yet named. */
  readonly username: string | null
  readonly email: string | null
}

export interface NewTenant {
  readonly orgName: string
  readonly username: string
  readonly email: string
  readonly password: Secret
}

/** What the creation of a tenant tells once and never again. */
export interface CreatedTenant {
  readonly tenant: TenantAccount
  /** With the scopes account_management and policy_registry only. */
  readonly token: CreatedToken
}

/** Absent: stays as it is. */
export interface MailAddresses {
  readonly fromEmail?: string
  readonly supportEmail?: string
  readonly financeSupportEmail?: string
}

export interface ApplicationPlan {
  readonly id: PlanId
  readonly name: string
  readonly systemName: string
  readonly state: string
  /** Whether it is what applications of its service get when nobody chooses. */
  readonly isDefault: boolean
  /** Whether it was made for one application alone. */
  readonly isCustom: boolean
}

/**
 * The master's side of 3scale: the installation's tenants.
 *
 * Faults of every call: THREESCALE_*. What only reads is tried again by itself when the server was busy, failed or was
 * cut off; what changes something is not, unless twice is the same as once.
 */
export interface MasterApi {
  /**
   * All tenants, by id, whatever their state unless one is asked for; never the master itself. A list in which nobody
   * has portals is no master's, and a fault.
   */
  tenants(options: Abortable & { readonly state?: AccountState }): Promise<readonly TenantAccount[]>
  /** null: there is none of this id. */
  tenant(id: AccountId, options: Abortable): Promise<TenantAccount | null>
  /**
   * Makes a tenant with its first user (pending until activated), a service and an access token. Its hosts follow from
   * the organisation's name, and from which names are taken. Not repeatable: after a fault look for it among `tenants`.
   */
  createTenant(tenant: NewTenant, options: Abortable): Promise<CreatedTenant>
  users(tenant: AccountId, options: Abortable): Promise<readonly PortalUser[]>
  /** Of a user who is active already: changes nothing. */
  activateUser(tenant: AccountId, user: UserId, options: Abortable): Promise<PortalUser>
  updateTenant(id: AccountId, changes: MailAddresses, options: Abortable): Promise<TenantAccount>
  /** Applies the plan's switches and limits to the tenant; never takes any away. */
  upgradePlan(id: AccountId, plan: PlanId, options: Abortable): Promise<TenantAccount>
  /** 3scale deletes the tenant some days later. Of one that is scheduled already: changes nothing. */
  scheduleDeletion(id: AccountId, options: Abortable): Promise<void>
  /** The master's own plans, whose system names decide what a tenant may do. */
  applicationPlans(options: Abortable): Promise<readonly ApplicationPlan[]>
  /** A URL that logs its bearer into the tenant's admin portal, once, as the impersonation user. */
  ssoUrl(tenant: AccountId, options: Abortable & { readonly expiresInSeconds: number }): Promise<Secret>
}

export const tokenScopes = ['account_management', 'stats', 'cms', 'finance', 'policy_registry'] as const
export type TokenScope = (typeof tokenScopes)[number]

export interface AccessToken {
  readonly id: TokenId
  readonly name: string
  readonly permission: 'ro' | 'rw'
  /** As 3scale names them; a later release may have more than those that can be asked for. */
  readonly scopes: readonly string[]
}

export interface NewAccessToken extends Pick<AccessToken, 'name' | 'permission'> {
  readonly scopes: readonly TokenScope[]
}

export interface CreatedToken {
  readonly id: TokenId
  readonly value: Secret
}

export interface AuthenticationProvider {
  readonly id: AuthenticationProviderId
  readonly kind: string
  readonly name: string
  readonly systemName: string
  readonly clientId: string | null
  readonly site: string | null
  readonly skipSslCertificateVerification: boolean
  readonly published: boolean
  /** What the identity provider must allow as a redirect. */
  readonly callbackUrl: string | null
}

export interface NewAuthenticationProvider {
  readonly kind: 'keycloak' | 'auth0'
  readonly name: string
  /** At most one per account. */
  readonly systemName: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly site: string
  readonly skipSslCertificateVerification: boolean
  readonly published: boolean
}

export type AuthenticationProviderChanges = Partial<
  Pick<NewAuthenticationProvider, 'clientId' | 'clientSecret' | 'site' | 'skipSslCertificateVerification' | 'published'>
>

export interface Service {
  readonly id: ServiceId
  readonly name: string
  readonly systemName: string
  readonly state: string
  /** `1`: user key, `2`: id and key, `oidc`: OpenID Connect; null for a product without a gateway. */
  readonly backendVersion: string | null
  readonly deploymentOption: string
}

export interface BackendApi {
  readonly id: BackendApiId
  readonly name: string
  readonly systemName: string
  readonly privateEndpoint: string | null
}

export interface DeveloperAccount {
  readonly id: AccountId
  readonly orgName: string
  readonly state: AccountState
}

export interface Application {
  readonly id: ApplicationId
  readonly accountId: AccountId
  readonly serviceId: ServiceId
  readonly planId: PlanId
  readonly state: string
  readonly name: string | null
  /** Of a service whose callers prove themselves by it; else null. */
  readonly userKey: Secret | null
  /** Of the other services; its keys are asked for apart. */
  readonly appId: string | null
}

/** How an application proves itself to the backend. `appKey` null: it has none. */
export type ApplicationCredentials =
  | { readonly kind: 'user-key'; readonly userKey: Secret }
  | { readonly kind: 'app-id'; readonly appId: string; readonly appKey: Secret | null }

/** How the gateway of a service is set up. */
export interface Proxy {
  readonly serviceId: ServiceId
  readonly endpoint: string | null
  readonly sandboxEndpoint: string | null
  readonly credentialsLocation: string
}

export type GatewayEnvironment = 'sandbox' | 'production'

/** A configuration as it was promoted: what the gateway serves. */
export interface ProxyConfig {
  readonly version: number
  readonly environment: GatewayEnvironment
  /** JSON text, written anew: the same for equal configurations. It holds the service's token. */
  readonly content: Secret
  /** Hosts that the configuration says it answers. */
  readonly hosts: readonly string[]
}

/** How many of each a tenant has. */
export interface TenantCounts {
  /** null: the tenant's plan lets it have one user only, and then 3scale does not list them. */
  readonly users: number | null
  readonly accounts: number
  readonly services: number
  readonly backendApis: number
  /** By state. */
  readonly applications: Readonly<Record<string, number>>
  readonly applicationPlans: number
  readonly authenticationProviders: number
}

/** 3scale answers at most 90 days by the hour, a year by the day, ten years by the month. */
export interface UsageQuery {
  readonly of:
    | { readonly kind: 'service'; readonly id: ServiceId }
    | { readonly kind: 'application'; readonly id: ApplicationId }
  /** System name, such as `hits`. */
  readonly metric: string
  readonly granularity: 'hour' | 'day' | 'month'
  readonly since: EpochMs
  /** Within the last interval. */
  readonly until: EpochMs
}

export interface Usage {
  readonly metric: string
  readonly total: bigint
  /** One per hour, day or month in UTC, the one that holds `since` first. */
  readonly values: readonly bigint[]
}

/**
 * A tenant's admin portal, as seen with one access token. The token's scopes decide: without `stats` there is no
 * `usage`, without `account_management` nothing else; one that may only read changes nothing.
 *
 * Faults and retries: as `MasterApi`. Lists come page by page, each page yours; leaving the loop ends the request.
 */
export interface TenantApi {
  provider(options: Abortable): Promise<TenantAccount>
  updateProvider(changes: MailAddresses, options: Abortable): Promise<TenantAccount>
  /** Of the tenant itself, without those of its developers. */
  users(options: Abortable): Promise<readonly PortalUser[]>
  /** Of one that is not there: changes nothing. */
  deleteUser(user: UserId, options: Abortable): Promise<void>
  services(options: Abortable): Promise<readonly Service[]>
  backendApis(options: Abortable): Promise<readonly BackendApi[]>
  applicationPlans(options: Abortable): Promise<readonly ApplicationPlan[]>
  accounts(options: Abortable): AsyncIterable<readonly DeveloperAccount[]>
  applications(options: Abortable): AsyncIterable<readonly Application[]>
  /** Empty for one that needs none. */
  applicationKeys(application: Application, options: Abortable): Promise<readonly Secret[]>
  proxy(service: ServiceId, options: Abortable): Promise<Proxy>
  /** null: nothing was ever promoted to this environment. */
  latestProxyConfig(
    service: ServiceId,
    environment: GatewayEnvironment,
    options: Abortable,
  ): Promise<ProxyConfig | null>
  /** By walking the lists: as long as they take. */
  counts(options: Abortable): Promise<TenantCounts>
  /** Tokens of the user that this one belongs to. */
  accessTokens(options: Abortable): Promise<readonly AccessToken[]>
  /** For the same user. Not repeatable: a second token of the same name is a second token. */
  createAccessToken(token: NewAccessToken, options: Abortable): Promise<CreatedToken>
  /** Of one that is not there: changes nothing. */
  deleteAccessToken(token: TokenId, options: Abortable): Promise<void>
  /** Those that admins log in with. */
  authenticationProviders(options: Abortable): Promise<readonly AuthenticationProvider[]>
  createAuthenticationProvider(provider: NewAuthenticationProvider, options: Abortable): Promise<AuthenticationProvider>
  updateAuthenticationProvider(
    id: AuthenticationProviderId,
    changes: AuthenticationProviderChanges,
    options: Abortable,
  ): Promise<AuthenticationProvider>
  usage(query: UsageQuery, options: Abortable): Promise<Usage>
}

/** What a gateway knows itself by at the backend. */
export interface ServiceCredentials {
  readonly serviceId: ServiceId
  readonly serviceToken: Secret
}

export interface BackendQuestion {
  readonly application: ApplicationCredentials
  /** By the metric's system name; empty: none. */
  readonly usage: Readonly<Record<string, number>>
}

/** Whether a call may pass. */
export type BackendDecision =
  | { readonly kind: 'authorized'; readonly plan: string; readonly limits: readonly UsageReport[] }
  | {
      readonly kind: 'denied'
      /** The backend's code, such as `limits_exceeded`, `application_not_found` or `user_key_invalid`. */
      readonly reason: string
      readonly limits: readonly UsageReport[]
    }

/** How much of one limit is used; what is asked about is not in it when it was not counted. */
export interface UsageReport {
  readonly metric: string
  readonly period: string
  readonly max: bigint
  readonly current: bigint
}

/** What decides and counts calls. */
export interface BackendListener {
  /** Counts nothing. */
  authorize(question: BackendQuestion, options: Abortable): Promise<BackendDecision>
  /** Counts the usage when the call may pass; a little later, as the backend does. Not repeatable. */
  authrep(question: BackendQuestion, options: Abortable): Promise<BackendDecision>
}

/** Whether a portal answers at all. Anything else than an answer of 3scale itself is a fault. */
export interface PortalStatus {
  readonly status: number
  readonly answeredInMs: number
}

/** The HTTP APIs of one 3scale. Nothing is sent until something is asked. */
export interface ThreescaleApi {
  master(at: PortalAddress, token: Secret): MasterApi
  tenant(at: PortalAddress, token: Secret): TenantApi
  backend(at: PortalAddress, credentials: ServiceCredentials): BackendListener
  /** GET of `path` (`/status`, or a page such as `/p/login`), without credentials and without following redirects. */
  status(at: PortalAddress, path: string, options: Abortable): Promise<PortalStatus>
}
