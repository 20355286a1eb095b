import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { FilesSettings } from '../adapters/aws/file-client.ts'
import type { AwsCredentials, AwsPace } from '../adapters/aws/session.ts'
import type { Timing } from '../adapters/openshift/http.ts'
import { localPrograms } from '../adapters/programs/local-programs.ts'
import { threescaleApi } from '../adapters/threescale/threescale-api.ts'
import type { Clock } from '../base/clock.ts'
import { Secret } from '../base/secret.ts'
import type { CliContext } from '../cli/context.ts'
import { readReference } from '../cli/read-reference.ts'
import { fileLedger } from '../ledger/file-ledger.ts'
import type { Migration } from '../model/migration.ts'
import { parseDatabaseUrl } from '../model/parse-database-url.ts'
import { parseRedisUrl } from '../model/parse-redis-url.ts'
import type { Party } from '../model/party.ts'
import { dumpMover } from '../movers/dump/mover.ts'
import { hostNamesMover } from '../movers/host-names/mover.ts'
import { describeRedis } from '../movers/redis/describe.ts'
import { redisMover } from '../movers/redis/mover.ts'
import { redisQueueWatch } from '../movers/redis/queue-state.ts'
import { redisSnapshots } from '../movers/redis/save-snapshot.ts'
import { systemDatabaseMover } from '../movers/system-database/mover.ts'
import { threescaleDatabase } from '../movers/threescale-database/mover.ts'
import type { Cloud } from '../ports/cloud.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { PartyKeys } from '../ports/exchange.ts'
import { fault } from '../steps/faults.ts'
import { exchangeBucketOf } from '../steps/making.ts'
import { type CloudPlace, type ClusterPlace, type ExchangeTools, ledgerFile, type Tools } from '../steps/tools.ts'
import { exchangeOnDemand } from './exchange-on-demand.ts'
import { filesOnDemand } from './files-on-demand.ts'
import { objectsOnDemand } from './objects-on-demand.ts'

export interface ToolsOptions {
  readonly party: Party
  readonly migration: Migration
  readonly context: Pick<CliContext, 'env' | 'cwd' | 'signal'>
  /** Holds a folder for each migration and party. */
  readonly stateFolder: string
  readonly clock: Clock
  readonly pace?: ToolsPace
  /** The workers of the engine that runs here; absent: nobody to share work with. */
  readonly spread?: Tools['spread']
}

/** How often is looked and tried; absent: as real places need it. */
export interface ToolsPace {
  readonly aws?: Partial<AwsPace>
  readonly openshift?: Partial<Timing>
  readonly drain?: Tools['drain']
}

/** Jobs that are being worked on show only at the next heartbeat of sidekiq, some seconds later. */
const usualDrain: Tools['drain'] = { samples: 4, everyMs: 5000, deadlineMs: 30 * 60_000 }

/** Tools whose connections end when they are closed. */
export interface OpenTools extends Tools {
  close(): void
}

/**
 * Makes the tools of one party, of the settings in its environment:
 *
 * - `THREESHIFT_{SOURCE,MIGRATION,DESTINATION}_KUBECONFIG`: a file; the current context counts. `…_ROUTER` (HOST:PORT) is where
 *   hosts of that cluster's router are reached when DNS does not lead there, `…_ROUTER_CA` a file with its authority.
 * - `THREESHIFT_{MIGRATION,DESTINATION}_AWS_PROFILE`, or `…_AWS_ACCESS_KEY_ID`, `…_AWS_SECRET_ACCESS_KEY`, `…_AWS_SESSION_TOKEN`.
 *   `AWS_ENDPOINT_URL` for another place than AWS.
 * - `THREESHIFT_PARTY_KEYS`: the file that `exchange keygen` wrote. `THREESHIFT_CARDS`: a folder with PARTY.card.json of all.
 *
 * What is not set is missed when it is asked for: STEP_NO_ACCESS. Out: nothing is connected yet; the caller closes it.
 */
export async function openTools(options: ToolsOptions): Promise<OpenTools> {
  const { party, migration, context, clock, pace = {} } = options
  const folder = join(options.stateFolder, 'migrations', migration.name, party)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const ledger = fileLedger(join(folder, ledgerFile), clock)
  const setting = (name: string, place: string): string => {
    const value = context.env(name) ?? ''
    if (value === '') throw fault('STEP_NO_ACCESS', { place, party, setting: name })
    return value
  }
  const clusters = new Map<ClusterPlace, Promise<Cluster>>()
  const cluster = (place: ClusterPlace, signal: AbortSignal): Promise<Cluster> => {
    const known = clusters.get(place)
    if (known !== undefined) return known
    const opened = enterCluster(resolve(context.cwd, kubeconfigOf(place)), pace.openshift ?? {}, signal)
    clusters.set(place, opened)
    // One that was not reached is tried again when it is asked for the next time.
    opened.catch(() => clusters.delete(place))
    return opened
  }
  const kubeconfigOf = (place: ClusterPlace) => setting(`${prefixOf(place)}_KUBECONFIG`, `the ${place} cluster`)
  const clouds = new Map<CloudPlace, Cloud>()
  const cloud: Tools['cloud'] = async (place) => {
    const known = clouds.get(place)
    if (known !== undefined) return known
    const account = place === 'migration' ? migration.migrationCluster.aws : migration.destination.aws
    const credentials = awsCredentialsIn(context.env, place)
    if (account === undefined || credentials === null) {
      const missing = account === undefined ? `${place}.aws in migration.yaml` : `${prefixOf(place)}_AWS_PROFILE`
      throw fault('STEP_NO_ACCESS', { place: `the AWS account of the ${place} cluster`, party, setting: missing })
    }
    const { awsCloud } = await import('../adapters/aws/cloud.ts')
    const made = awsCloud({
      place: { account: account.accountId, region: account.region },
      credentials,
      ...endpointIn(context.env),
      ledger,
      clock,
      ...(pace.aws === undefined ? {} : { pace: pace.aws }),
    })
    clouds.set(place, made)
    return made
  }
  const cas = new Map<string, string>()
  for (const place of ['source', 'migration', 'destination']) {
    const file = context.env(`${prefixOf(place)}_ROUTER_CA`) ?? ''
    if (file !== '') cas.set(place, await readFile(resolve(context.cwd, file), 'utf8'))
  }
  const objects = objectsOnDemand(context.env)
  const read = (reference: string) => readReference(reference, 'a reference of migration.yaml', context)
  return {
    clock,
    cluster,
    cloud,
    ledger,
    threescale: threescaleApi({ clock }),
    portal: (place, host) => {
      const [, router = '', port = ''] = /^(.+):(\d+)$/.exec(context.env(`${prefixOf(place)}_ROUTER`) ?? '') ?? []
      const ca = cas.get(place)
      return {
        host,
        port: 443,
        ...(router === '' ? {} : { connectTo: { host: router, port: Number(port) } }),
        ...(ca === undefined ? {} : { ca }),
      }
    },
    spread: options.spread ?? (() => null),
    systemDatabase: systemDatabaseMover(clock),
    redis: redisMover(clock, objects),
    snapshots: redisSnapshots(clock, objects),
    redisSight: { describe: describeRedis },
    queues: redisQueueWatch(clock),
    hostNames: hostNamesMover(),
    threescaleDatabase,
    dumps: dumpMover(localPrograms(context.env('PATH')), clock),
    exchange: exchangeTools({ ...options, setting }),
    files: filesOnDemand(async () => filesSettings({ party, migration }, context.env)),
    database: async (reference) => parseDatabaseUrl(await read(reference), reference),
    redisAt: async (reference) => parseRedisUrl(await read(reference), reference),
    folder,
    drain: pace.drain ?? usualDrain,
    close: () => {
      for (const opened of clusters.values()) void opened.then((one) => one.close()).catch(() => undefined)
    },
  }
}

function prefixOf(place: string): string {
  return `THREESHIFT_${place.toUpperCase()}`
}

type Env = (name: string) => string | undefined

function endpointIn(env: Env): { readonly endpoint?: string } {
  const endpoint = env('AWS_ENDPOINT_URL') ?? ''
  return endpoint === '' ? {} : { endpoint }
}

/** Null: none are set for this place. */
function awsCredentialsIn(env: Env, place: CloudPlace): AwsCredentials | null {
  const prefix = `${prefixOf(place)}_AWS`
  const [profile, id, secret, token] = ['PROFILE', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN'].map(
    (name) => env(`${prefix}_${name}`) ?? '',
  )
  if (id !== undefined && id !== '') {
    const session = token === undefined || token === '' ? {} : { sessionToken: new Secret(token) }
    return { kind: 'keys', id, secret: new Secret(secret ?? ''), ...session }
  }
  return profile === undefined || profile === '' ? null : { kind: 'default', profile }
}

/** Faults: STEP_NO_ACCESS. */
function filesSettings({ party, migration }: Pick<ToolsOptions, 'party' | 'migration'>, env: Env): FilesSettings {
  const own = awsCredentialsIn(env, 'destination')
  if (own === null) {
    const place = `the files in account ${migration.destination.aws?.accountId ?? 'of the destination'}`
    throw fault('STEP_NO_ACCESS', { place, party, setting: 'THREESHIFT_DESTINATION_AWS_PROFILE' })
  }
  return { own, ...endpointIn(env) }
}

async function enterCluster(file: string, timing: Partial<Timing>, signal: AbortSignal): Promise<Cluster> {
  const { openCluster } = await import('../adapters/openshift/cluster.ts')
  const read = async () => new Secret(await readFile(file, 'utf8'))
  return openCluster({ access: { kind: 'kubeconfig', read, folder: dirname(file) }, expected: null, timing, signal })
}

const bucketKeySchema = z.object({ id: z.string(), secret: z.string() })

function exchangeTools(
  options: ToolsOptions & { readonly setting: (name: string, place: string) => string },
): ExchangeTools {
  const { migration, context, setting } = options
  const exchange = exchangeOnDemand()
  const place = 'the exchange of files'
  const card: ExchangeTools['card'] = async (party) => {
    const file = join(resolve(context.cwd, setting('THREESHIFT_CARDS', place)), `${party}.card.json`)
    return exchange.readCard(await readFile(file, 'utf8'), file)
  }
  const keys = async (): Promise<PartyKeys> => {
    const file = resolve(context.cwd, setting('THREESHIFT_PARTY_KEYS', place))
    const [identity, signingKey, own] = await Promise.all(
      [file, `${file}.signing`, `${file}.card.json`].map((part) => readFile(part, 'utf8')),
    )
    const line = identity?.split('\n').find((text) => text.startsWith('AGE-SECRET-KEY-'))
    return {
      card: await exchange.readCard(own ?? '', `${file}.card.json`),
      identity: new Secret(line ?? ''),
      signingKey: new Secret(signingKey ?? ''),
    }
  }
  return {
    ...exchange,
    card,
    keys,
    store: async (sealedKey) => {
      const account = migration.destination.aws
      const own = awsCredentialsIn(context.env, 'destination')
      const missing = fault('STEP_NO_ACCESS', {
        place: 'the bucket',
        party: options.party,
        setting: account === undefined ? 'destination.aws in migration.yaml' : 'THREESHIFT_DESTINATION_AWS_PROFILE',
      })
      if (account === undefined) throw missing
      const [{ s3Parts }, { openText }] = await Promise.all([
        import('../adapters/aws/s3-parts.ts'),
        import('../movers/exchange/sealed-text.ts'),
      ])
      // The key is sealed for the vendor; whoever else is here has credentials of their own.
      const isForUs = options.party === 'rhoam-eng' || own === null
      const credentials =
        sealedKey !== null && isForUs ? bucketKey(await openText(sealedKey, (await keys()).identity)) : own
      if (credentials === null) throw missing
      const { endpoint } = endpointIn(context.env)
      return s3Parts(
        { bucket: exchangeBucketOf(migration), key: migration.name },
        {
          pathStyle: endpoint !== undefined,
          session: { region: account.region, credentials, ...(endpoint === undefined ? {} : { endpoint }) },
        },
      )
    },
    seal: async (secret, to) => (await import('../movers/exchange/sealed-text.ts')).sealText(secret, to.recipient),
  }
}

function bucketKey(text: Secret): AwsCredentials {
  const { id, secret } = bucketKeySchema.parse(JSON.parse(text.reveal('the SDK signs with the key in it')))
  return { kind: 'keys', id, secret: new Secret(secret) }
}
