import type { Secret } from '../../base/secret.ts'
import type { Release } from '../../model/release.ts'
import type { InstallationPlace } from '../threescale-api/installations.ts'
import type { ZyncRoute } from '../threescale-api/zync-routes.ts'

/** What a login to a database finds; `schemaVersion` is null where 3scale's tables are not there. */
export type DatabaseFindings =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | {
      readonly kind: 'reachable'
      readonly engine: 'mysql' | 'postgresql'
      /** The server's own, such as 15.14. */
      readonly version: string
      /** The greatest version of schema_migrations, 14 digits. */
      readonly schemaVersion: string | null
      /** False: nobody has seeded it yet. */
      readonly hasMaster: boolean
    }

/** What a fresh installation is seeded with: the secrets system-seed and system-master-apicast, and the domain. */
export interface SeedValues {
  readonly wildcardDomain: string
  readonly tenantName: string
  readonly masterUser: string
  readonly masterAccessToken: Secret
  readonly apicastAccessToken: Secret
  readonly adminUser: string
  readonly adminEmail: string
  readonly adminAccessToken: Secret
  /** The application plan of the master that new tenants get. */
  readonly providerPlan: string
}

/** `seeded`: the database was empty; `migrated`: from an older release; `current`: there was nothing to do. */
export type DeployOutcome =
  | { readonly kind: 'seeded' | 'migrated' | 'current'; readonly schemaVersion: string }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * What 3scale's containers do to the database that the secret system-database points to.
 *
 * No method throws for what the database refuses: a container that fails is something the cluster shows. Abort: the
 * session is cut, the server rolls back, and the signal's reason is thrown.
 */
export interface SystemDatabaseHooks {
  /** Looks, and changes nothing. */
  inspect(url: Secret, signal: AbortSignal): Promise<DatabaseFindings>
  /**
   * `rake boot openshift:deploy` of a release: an empty database gets the release's schema and the seed, a seeded one
   * is migrated, one of the release (or of a later one) is left alone. Runs again with the effect of once.
   */
  deploy(url: Secret, release: Release, seed: SeedValues, signal: AbortSignal): Promise<DeployOutcome>
}

/** The version of a Redis, such as 7.2.4, by INFO; null when it does not answer. */
export interface RedisVersions {
  versionOf(url: Secret, signal: AbortSignal): Promise<string | null>
}

/** What zync is told at `rake zync:resync:domains`; null when the database cannot be asked. */
export interface HostedNames {
  namesIn(url: Secret, signal: AbortSignal): Promise<readonly ZyncRoute[] | null>
}

export interface PortalTenant {
  readonly id: string
  readonly adminHost: string
  readonly fromEmail: string | null
}
export interface PortalUser {
  readonly id: string
  readonly username: string
  readonly role: 'admin' | 'member'
}

/** Why a call to 3scale's API was refused: 401 and 403 of a token, 404 of a host, or nothing answers. */
export class PortalRefusal extends Error {
  override readonly name = 'PortalRefusal'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * The calls of 3scale's API that RHOAM's operator makes. `at` names an installation by where its secrets say that it keeps
 * what it has, for a simulated 3scale answers from there; the master's host is the one below its superdomain.
 *
 * Each throws PortalRefusal. Abort: the signal's reason is thrown.
 */
export interface PortalApi {
  /** Of the master API: every tenant, the first page. */
  tenants(at: InstallationPlace, masterToken: Secret, signal: AbortSignal): Promise<readonly PortalTenant[]>
  setFromEmail(
    at: InstallationPlace,
    masterToken: Secret,
    tenantId: string,
    email: string,
    signal: AbortSignal,
  ): Promise<void>
  /** Of the tenant whose admin portal is `adminHost`. */
  users(at: InstallationPlace, adminHost: string, token: Secret, signal: AbortSignal): Promise<readonly PortalUser[]>
  deleteUser(
    at: InstallationPlace,
    adminHost: string,
    token: Secret,
    userId: string,
    signal: AbortSignal,
  ): Promise<void>
  makeAdmin(at: InstallationPlace, adminHost: string, token: Secret, userId: string, signal: AbortSignal): Promise<void>
  /** The provider's name is its system_name; one that is there already is left as it is. */
  ensureAuthenticationProvider(
    at: InstallationPlace,
    adminHost: string,
    token: Secret,
    provider: {
      readonly name: string
      readonly clientId: string
      readonly clientSecret: Secret
      readonly site: string
    },
    signal: AbortSignal,
  ): Promise<void>
}

/** What the cloud gives for a resource of RHOAM's. */
export type CloudResourceKind = 'postgres' | 'redis' | 'blobstorage'

/**
 * The cloud behind RHOAM's cloud resource operator. A resource is named by the CR that asks for it, and known to the
 * cloud by `identifier`. Values are those of the result secret: username, password, host, port, database of a Postgres;
 * uri and port of a Redis; bucketName, bucketRegion, credentialKeyID, credentialSecretKey of a bucket.
 */
export interface Cloud {
  /** Makes it, or finds it. Out: its result secret; null when it cannot be made. */
  provision(
    kind: CloudResourceKind,
    name: string,
    identifier: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Secret> | null>
  /** The result secret of what is there under the identifier; null when nothing is. */
  find(
    kind: CloudResourceKind,
    name: string,
    identifier: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Secret> | null>
}
