import type { Secret } from '../base/secret.ts'
import type { ObjectAddress } from '../model/object-address.ts'
import type { Removal, RemovalCall } from './cleanup.ts'
import type { Making } from './ledger.ts'

/**
 * What a migration needs of a cloud account, as goals. `ensure…` makes what is missing and gives what is there: a second
 * call changes nothing. Each change is entered in the ledger before and after, and is made only while the credentials
 * lead to the expected account and region.
 *
 * A name that is taken by something that bears no mark of this migration is a fault, never adopted and never removed.
 * Abort: ends the request or the wait and throws the reason; what was begun goes on in the cloud, and the same call
 * goes on with it. Faults: AWS_*, CLOUD_*.
 */
export interface Cloud {
  /** Whose credentials these are. Fault: CLOUD_OTHER_ACCOUNT when they are not those of the expected account. */
  identity(call: CloudCall): Promise<CloudIdentity>
  readonly networks: CloudNetworks
  readonly databases: CloudDatabases
  readonly caches: CloudCaches
  readonly buckets: CloudBuckets
  readonly users: CloudUsers
  /** Takes away what the ledger lists. */
  readonly removal: Removal
}

/** A signal, and whoever wants to be told while something is waited for. */
export type CloudCall = RemovalCall

export interface CloudPlace {
  /** Twelve digits. */
  readonly account: string
  /** Such as `eu-west-1`. */
  readonly region: string
}

export interface CloudIdentity extends CloudPlace {
  readonly arn: string
}

export interface NetworkGoal {
  readonly name: string
  /** IPv4 range of the new network, /16 to /26, cut into two halves; such as `10.2.0.0/26`. */
  readonly cidr: string
  /** The cluster's `Infrastructure.status.infrastructureName`: its own network is the one tagged as owned by it. */
  readonly clusterInfrastructure: string
  /** Other ranges that the new one must not touch: those of pods and services. */
  readonly alsoTaken: readonly string[]
}

export interface NetworkState {
  readonly networkId: string
  readonly cidr: string
  readonly subnets: readonly { readonly id: string; readonly cidr: string; readonly zone: string }[]
  readonly securityGroupId: string
  readonly clusterNetworkId: string
  readonly clusterCidrs: readonly string[]
  readonly peeringId: string
  /** Route tables of both sides that lead to the other. */
  readonly routeTables: readonly string[]
  readonly databaseSubnetGroup: string
  readonly cacheSubnetGroup: string
}

export interface CloudNetworks {
  /**
   * A network of its own beside the cluster's, peered with it, with routes on both sides and subnet groups for
   * databases and caches. Faults besides: CLOUD_RANGE_TAKEN, CLOUD_RANGE_UNREADABLE, CLOUD_CLUSTER_NETWORK, CLOUD_ZONES.
   */
  ensure(goal: NetworkGoal, making: Making, call: CloudCall): Promise<NetworkState>
}

export interface DatabaseGoal {
  /** The instance's identifier. */
  readonly name: string
  readonly engine: 'mysql' | 'mariadb' | 'postgres'
  /** Exact (`5.7.44`) or the beginning of one (`13`): then the newest that is offered. */
  readonly version: string
  readonly instanceClass: string
  readonly storageGiB: number
  readonly largestStorageGiB: number
  readonly subnetGroup: string
  readonly securityGroupIds: readonly string[]
  readonly database: string
  readonly user: string
  readonly password: Secret
}

export interface DatabaseState {
  readonly name: string
  readonly engine: string
  readonly version: string
  readonly status: string
  readonly host: string
  readonly port: number
  /** Names of values that were changed and are not in force yet. */
  readonly pending: readonly string[]
}

export interface DatabaseUpgrade {
  readonly name: string
  /** Exact, or the beginning of one, such as `8.0`: the newest to which the engine may go directly. */
  readonly toVersion: string
  /** The snapshot that is taken before anything is changed. */
  readonly safetySnapshot: string
}

export interface CloudDatabases {
  /** Waits until it can be used. Its storage is encrypted, it is not public, and it is protected from deletion. */
  ensure(goal: DatabaseGoal, making: Making, call: CloudCall): Promise<DatabaseState>
  /** Null: there is none of this name. */
  describe(name: string, call: CloudCall): Promise<DatabaseState | null>
  /** Waits until it is whole. */
  ensureSnapshot(snapshot: string, ofDatabase: string, making: Making, call: CloudCall): Promise<void>
  /**
   * Snapshot, then the engine's version, then a wait until that version runs and nothing is pending. `making` is the
   * snapshot's. Faults besides: CLOUD_NO_UPGRADE (nothing was changed), CLOUD_UPGRADE_FAILED (the old version still runs),
   * CLOUD_STUCK, CLOUD_FAILED_STATE.
   */
  upgrade(upgrade: DatabaseUpgrade, making: Making, call: CloudCall): Promise<DatabaseState>
}

export interface SeedGoal {
  /** The one-node cache that is loaded and then kept only for its snapshot. */
  readonly name: string
  /** A snapshot file of Redis, in a bucket of the same region that the cache's service may read. */
  readonly rdb: ObjectAddress
  readonly engineVersion: string
  readonly nodeType: string
  readonly subnetGroup: string
  readonly securityGroupIds: readonly string[]
}

export interface CacheGroupRestore {
  /** The group's own id, which stays. */
  readonly group: string
  /** The snapshot that it is to hold. */
  readonly fromSnapshot: string
  /** The snapshot of what it holds now, taken before it is deleted. */
  readonly safetySnapshot: string
  /** A larger node type than the group had; otherwise its own. */
  readonly nodeType?: string
}

/** A cache group as the service describes it. Names are the service's own. */
export interface CacheGroupState {
  readonly group: string
  readonly status: string
  readonly primaryHost: string
  readonly port: number
  /** Everything that a group made anew is given, by the name of the parameter. */
  readonly attributes: Readonly<Record<string, unknown>>
}

export interface CacheGroupRestored extends CacheGroupState {
  /** Address before; another one than `primaryHost` means that whoever connects must be told. */
  readonly hostBefore: string
  readonly restoredFrom: string
}

export interface CloudCaches {
  /** A cache loaded from a snapshot file. Faults besides: CLOUD_FAILED_STATE (`restore-failed`, `create-failed`). */
  ensureSeed(goal: SeedGoal, making: Making, call: CloudCall): Promise<void>
  /** A snapshot of one cache or of one group; waits until it is whole. */
  ensureSnapshot(
    snapshot: string,
    of: { readonly kind: 'cache' | 'group'; readonly name: string },
    making: Making,
    call: CloudCall,
  ): Promise<void>
  /** Null: there is none of this id. */
  describeGroup(group: string, call: CloudCall): Promise<CacheGroupState | null>
  /**
   * Deletes the group and makes it again from a snapshot under the same id with every attribute that it had. What it was
   * is in the ledger before it is deleted, so a killed restore goes on. `making` is the safety snapshot's; the group itself
   * is the destination's and is kept. A group that already holds the snapshot is left as it is.
   */
  restoreGroup(restore: CacheGroupRestore, making: Making, call: CloudCall): Promise<CacheGroupRestored>
}

export interface BucketGoal {
  readonly name: string
  /** Lets the cache's service of the region read the objects, to load a snapshot file from them. */
  readonly readableByCaches: boolean
}

export interface CloudBuckets {
  /** Closed to the public, encrypted by the store, TLS only. */
  ensure(goal: BucketGoal, making: Making, call: CloudCall): Promise<void>
  /**
   * A file as one object of a bucket that `ensure` made, with which it goes when that is removed. One that has the same
   * bytes already stays. Abort: gives the upload up.
   */
  ensureObject(at: ObjectAddress, file: string, call: CloudCall): Promise<UploadedObject>
}

export interface UploadedObject {
  readonly bytes: number
  /** Of the whole file, in hex. */
  readonly sha256: string
}

export interface UserGoal {
  readonly name: string
  /** Which of the ready-made sets of rights: each allows what one piece of work needs, on what it names, and nothing else. */
  readonly rights: readonly UserRight[]
}

export type UserRight =
  | { readonly kind: 'bucket'; readonly bucket: string }
  | { readonly kind: 'restore-cache'; readonly group: string }

export interface AccessKey {
  readonly id: string
  readonly secret: Secret
}

export interface CloudUsers {
  /** A user with exactly these rights. */
  ensure(goal: UserGoal, making: Making, call: CloudCall): Promise<void>
  /**
   * A new key of a user that `ensure` made; it waits until the key is accepted everywhere. Keys that the user had before
   * are deleted: a key's secret is told once only. So this changes something each time.
   */
  issueKey(user: string, making: Making, call: CloudCall): Promise<AccessKey>
}
