import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { accountCredentials, makeClusterNetwork } from '../../adapters/aws/rehearsal-account.ts'
import type { RehearsedAccount } from '../../adapters/aws/rehearsal-rhoam.ts'
import type { Clock, EpochMs } from '../../base/clock.ts'
import type { Migration } from '../../model/migration.ts'
import type { Party } from '../../model/party.ts'
import { databaseUrl, redisUrl } from '../../model/render-url.ts'
import type { RowId } from '../../model/row-id.ts'
import { realTimings, scaledTimings, type Timings } from '../../simulator/controllers/engine/timings.ts'
import { cloudResources } from '../../simulator/controllers/rhoam/names.ts'
import { rhoamVersionOf } from '../../simulator/controllers/rhoam/rhoam-catalog.ts'
import { ensureCatalogSource, installBaseCluster } from '../../simulator/controllers/world/base-cluster.ts'
import { worldNow } from '../../simulator/source-world/calendar.ts'
import { exchangeBucketOf } from '../../steps/making.ts'
import type { ClusterPlace } from '../../steps/tools.ts'
import { catalogSource } from '../../threescale/hops.ts'
import { cloudOfRhoam } from './cloud-of-rhoam.ts'
import { openRehearsalCluster, type RehearsalCluster } from './clusters.ts'
import { hands } from './hands.ts'
import { workOnJobs } from './job-workers.ts'
import {
  accounts,
  domains,
  madeUpMigration,
  region,
  type RehearsedMigration,
  sourceNamespace,
} from './made-up-migration.ts'
import { settingsOfParties } from './parties.ts'
import { type RehearsalServers, type ServersOptions, startServers } from './servers.ts'
import { makeSourceFiles } from './source-files.ts'
import { fillSource, installSource } from './source.ts'

export interface RehearsalWorldOptions extends Omit<ServersOptions, 'engine'>, RehearsedMigration {
  readonly tenants: number
  readonly scale: number
  readonly seed: number
  /** With rows that PostgreSQL cannot store as they are; absent: without. */
  readonly edgeRows?: boolean
  /** How many times as fast as real clusters these are. */
  readonly speed: number
  /** PATH. */
  readonly path: string
  readonly clock: Clock
}

/** Everything that a migration meets, on this machine and made up; the migration's code is the real one. */
export interface RehearsalWorld {
  readonly migration: Migration
  /** Each party's environment: see `openTools`. */
  readonly settings: Readonly<Record<Party, ReadonlyMap<string, string>>>
  readonly servers: RehearsalServers
  readonly clusters: Readonly<Record<ClusterPlace, RehearsalCluster>>
  /** Of what 3scale takes for now: it stands still, so that counters and limits are the same at every call. */
  readonly worldClock: Clock
  /** What controllers could not do, and tried again. */
  readonly troubles: readonly unknown[]
  /** Has a person begin what is asked for in a row; false: no person is needed there. */
  byHand(row: RowId): boolean
  close(): Promise<void>
}

const openshiftVersion = '4.16.8'

/** Makes it, and waits until 3scale runs at the source. Abort: ends what was started. */
export async function openRehearsalWorld(options: RehearsalWorldOptions): Promise<RehearsalWorld> {
  const { dir, clock } = options
  await mkdir(dir, { recursive: true, mode: 0o711 })
  const closing: (() => Promise<void>)[] = []
  const close = async () => {
    for (const end of closing.splice(0).toReversed()) await end()
  }
  try {
    const migration = madeUpMigration(options)
    const engine = options.database === 'postgresql' ? 'postgresql' : 'mysql'
    const servers = await startServers({ ...options, dir: join(dir, 'servers'), engine })
    closing.push(() => servers.stop())
    await fillSource(servers, options)
    // Branding is what the cast is for.
    const worldClock: Clock = { now: () => worldNow as EpochMs, elapsedMs: () => clock.elapsedMs() }
    const troubles: unknown[] = []
    const endpoint = servers.moto.endpoint
    const [vendor, vendorAtCustomer, customer, rhoamItself] = await Promise.all([
      accountCredentials(endpoint, { region, account: accounts.migration }),
      accountCredentials(endpoint, { region, account: accounts.destination }),
      accountCredentials(endpoint, { region, account: accounts.destination }),
      accountCredentials(endpoint, { region, account: accounts.destination }),
    ])
    await makeClusterNetwork(endpoint, region, vendor, 'migration-x7k2p')
    const account = { endpoint, region, credentials: rhoamItself }
    const clusters = await openClusters({ options, migration, servers, account, worldClock, troubles, closing })
    const files = migration.source.fileStorage === 's3' ? await makeSourceFiles(account) : undefined
    await installSource(clusters.source, servers, options, files)
    closing.push(startWorkers(clusters.source, servers, troubles))
    const settings = await settingsOfParties({
      dir: join(dir, 'parties'),
      servers,
      clusters,
      migration,
      aws: { migration: vendor, vendorAtCustomer, customer },
      path: options.path,
    })
    return {
      migration,
      settings,
      servers,
      clusters,
      worldClock,
      troubles,
      byHand: (row) => {
        const act = hands[row]
        if (act === undefined) return false
        const work = { migration, destination: clusters.destination, account, now: clock.now() }
        // Whoever asked looks again; what cannot be done is trouble, as a controller's is.
        void Promise.resolve(act(work)).catch((error: unknown) => troubles.push(error))
        return true
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Opening {
  readonly options: RehearsalWorldOptions
  readonly migration: Migration
  readonly servers: RehearsalServers
  readonly account: RehearsedAccount
  readonly worldClock: Clock
  readonly troubles: unknown[]
  readonly closing: (() => Promise<void>)[]
}

async function openClusters(opening: Opening): Promise<RehearsalWorld['clusters']> {
  const { options, migration, servers, account, worldClock, troubles, closing } = opening
  const { dir, clock, path } = options
  const rhoam = rhoamVersionOf(options.rhoamVersion)
  if (rhoam === undefined) throw new Error(`bug: RHOAM ${options.rhoamVersion} is not simulated`)
  const { customDomain } = migration.destination
  const cloud = cloudOfRhoam({
    servers: {
      databases: { [cloudResources.systemDatabase]: databaseUrl(servers.rhoam) },
      redis: {
        [cloudResources.backendRedis]: redisUrl(servers.rhoamRedis, 0),
        [cloudResources.systemRedis]: redisUrl(servers.rhoamSystemRedis, 0),
      },
      bucketRegion: region,
    },
    account,
    backendRedis: servers.rhoamRedis,
    exchangeBucket: exchangeBucketOf(migration),
    dir,
    clock,
  })
  const open = async (place: ClusterPlace): Promise<RehearsalCluster> => {
    const appsDomain = domains[place]
    const opened = await openRehearsalCluster({
      place,
      appsDomain,
      served: [appsDomain, ...(place === 'destination' && customDomain !== undefined ? [customDomain] : [])],
      dir: join(dir, 'clusters', place),
      servers,
      rhoam,
      cloud,
      clock,
      worldClock,
      timings: quickTimings(options.speed),
      path,
      onTrouble: (error) => void troubles.push(error),
    })
    closing.push(() => opened.close())
    installBaseCluster(opened.cluster.store, { name: place, appsDomain, awsRegion: region, openshiftVersion })
    ensureCatalogSource(opened.cluster.store, catalogSource.namespace, catalogSource.name)
    return opened
  }
  return { source: await open('source'), migration: await open('migration'), destination: await open('destination') }
}

/** Waits are as much shorter; what gives up real work that takes too long is not. */
function quickTimings(speed: number): Timings {
  const { rolloutDeadline } = realTimings
  return { ...scaledTimings(realTimings, speed), rolloutDeadline }
}

/** Whoever works on the source's jobs; what is given ends them. */
function startWorkers(source: RehearsalCluster, servers: RehearsalServers, troubles: unknown[]): () => Promise<void> {
  const stopping = new AbortController()
  const place = {
    view: source.manager.view,
    namespace: sourceNamespace,
    queues: { ...servers.sourceRedis, db: 1 },
  }
  const working = workOnJobs(place, (error) => void troubles.push(error), stopping.signal)
  return async () => {
    stopping.abort()
    await working
  }
}
