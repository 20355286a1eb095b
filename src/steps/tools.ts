import type { Clock } from '../base/clock.ts'
import type { Secret } from '../base/secret.ts'
import type { DatabaseAddress } from '../model/database-address.ts'
import type { Party } from '../model/party.ts'
import type { PortalAddress } from '../model/portal-address.ts'
import type { RedisEndpoint } from '../model/redis-endpoint.ts'
import type { Chunks } from '../ports/chunks.ts'
import type { Cloud } from '../ports/cloud.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { DumpMover } from '../ports/dump.ts'
import type { Exchange, PartStore, PartyCard, PartyKeys } from '../ports/exchange.ts'
import type { FileStorage } from '../ports/files.ts'
import type { HostNames } from '../ports/host-names.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { QueueWatch } from '../ports/queues.ts'
import type { RedisMover, RedisSight, RedisSnapshots } from '../ports/redis.ts'
import type { SystemDatabaseMover } from '../ports/system-database.ts'
import type { ThreescaleApi } from '../ports/threescale-api.ts'
import type { ThreescaleDatabase } from '../ports/threescale-database.ts'

export const clusterPlaces = ['source', 'migration', 'destination'] as const
export type ClusterPlace = (typeof clusterPlaces)[number]

/** Accounts of the cloud: the vendor's beside the migration cluster, and the customer's, where RHOAM is. */
export type CloudPlace = 'migration' | 'destination'

/** The ledger's name in the folder of a party. */
export const ledgerFile = 'ledger.jsonl'

/**
 * What steps reach the world through. Whoever runs a verb made it, of the credentials that are theirs: a place they have
 * none for is STEP_NO_ACCESS when it is asked for, and not before.
 */
export interface Tools {
  readonly clock: Clock
  /** Connected when first asked for, and then the same. */
  cluster(place: ClusterPlace, signal: AbortSignal): Promise<Cluster>
  cloud(place: CloudPlace, signal: AbortSignal): Promise<Cloud>
  readonly ledger: Ledger
  readonly threescale: ThreescaleApi
  /** Where a host of that cluster's router is reached. */
  portal(place: ClusterPlace, host: string): PortalAddress
  readonly systemDatabase: SystemDatabaseMover
  /** Spreads long work over all workers of the engine; null where there are none, as on a party's own machine. */
  spread(): Chunks | null
  readonly redis: RedisMover
  readonly snapshots: RedisSnapshots
  readonly redisSight: RedisSight
  readonly queues: QueueWatch
  readonly hostNames: HostNames
  readonly threescaleDatabase: ThreescaleDatabase
  readonly dumps: DumpMover
  readonly exchange: ExchangeTools
  readonly files: FileStorage
  /** What a reference of the migration's file (`env:NAME`, `file:PATH`) leads to. */
  database(reference: string): Promise<DatabaseAddress>
  redisAt(reference: string): Promise<RedisEndpoint>
  /** A folder of the migration on this machine that only its user may enter: dumps and spools, kept between verbs. */
  readonly folder: string
  /** How often the job queues are looked at before they count as drained, and the milliseconds between two looks. */
  readonly drain: { readonly samples: number; readonly everyMs: number; readonly deadlineMs: number }
}

export interface ExchangeTools extends Exchange {
  /**
   * Where this migration's exchanges lie. `sealedKey` is the key to the bucket that the customer has encrypted for the
   * vendor; a party with credentials of its own does not need it.
   */
  store(sealedKey: string | null, signal: AbortSignal): Promise<PartStore>
  /** Encrypts a few bytes for one party, as text. */
  seal(secret: Secret, to: PartyCard): Promise<string>
  /** Of the party that runs the verb. */
  keys(): Promise<PartyKeys>
  /** Of every party, by name. */
  card(party: Party): Promise<PartyCard>
}
