import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AwsCredentials } from '../../adapters/aws/session.ts'
import type { Migration } from '../../model/migration.ts'
import { type AccessLevel, parties, type Party } from '../../model/party.ts'
import { exchange } from '../../movers/exchange/exchange.ts'
import { administrators } from '../../simulator/cluster/access/default-roles.ts'
import { type CloudPlace, type ClusterPlace, clusterPlaces } from '../../steps/tools.ts'
import type { RehearsalCluster } from './clusters.ts'
import { databaseText, type RehearsalServers, redisText, revealed } from './servers.ts'

export interface PartiesOptions {
  readonly dir: string
  readonly servers: RehearsalServers
  readonly clusters: Readonly<Record<ClusterPlace, RehearsalCluster>>
  readonly migration: Migration
  /** Of the account beside the migration cluster, and of the customer's for the vendor and for the customer. */
  readonly aws: Readonly<Record<'migration' | 'vendorAtCustomer' | 'customer', Keys>>
  /** PATH. */
  readonly path: string
}

type Keys = AwsCredentials & { readonly kind: 'keys' }
type Settings = Readonly<Record<string, string>>

/** What each party's process finds in its environment: its own credentials, and nothing of the others. */
export async function settingsOfParties(
  options: PartiesOptions,
): Promise<Readonly<Record<Party, ReadonlyMap<string, string>>>> {
  const { dir, clusters, servers } = options
  const cards = join(dir, 'cards')
  await mkdir(cards, { recursive: true, mode: 0o700 })
  const own = ownSettings(options)
  const routers = await settingsOfRouters(dir, clusters)
  const all = await Promise.all(
    parties.map(async (party) => {
      const keys = await writeKeys(dir, cards, party)
      const common = {
        PATH: options.path,
        AWS_ENDPOINT_URL: servers.moto.endpoint,
        THREESHIFT_CARDS: cards,
        THREESHIFT_PARTY_KEYS: keys,
      }
      return [party, new Map(Object.entries({ ...common, ...routers, ...own[party] }))] as const
    }),
  )
  // One entry for each party of the list.
  return Object.fromEntries(all) as unknown as Record<Party, ReadonlyMap<string, string>>
}

/**
 * Credentials go by the access level. `limited`: the vendor's rows are all but those of the source. `extended-limits`: the
 * vendor's only way into the customer's account is the key to the bucket. `no-access`: the vendor has a user on the
 * destination cluster, and nothing else; the customer has what the vendor has otherwise.
 */
function ownSettings({
  migration: { accessLevel, destination: to },
  clusters,
  servers,
  aws,
}: PartiesOptions): Record<Party, Settings> {
  const { source, migration, destination } = clusters
  const ofDatabase = { DESTINATION_DATABASE_URL: databaseText(servers.rhoam) }
  // One that a snapshot restores is one that nobody reaches.
  const ofRedis: Settings =
    to.redis.restoredBy === 'snapshot'
      ? {}
      : {
          DESTINATION_REDIS_STORAGE_URL: redisText(servers.rhoamRedis, 0),
          DESTINATION_REDIS_QUEUES_URL: redisText(servers.rhoamRedis, 1),
        }
  const ofMigration = (user: string): Settings => ({
    THREESHIFT_MIGRATION_KUBECONFIG: admin(migration, user),
    MIGRATION_DATABASE_URL: databaseText(servers.loaded),
    MIGRATION_POSTGRESQL_URL: databaseText(servers.working),
    MIGRATION_REDIS_URL: redisText(servers.migrationRedis, 0),
    ...settingsOfCloud('migration', aws.migration),
  })
  const ofVendor: Readonly<Record<AccessLevel, () => Settings>> = {
    limited: () => ({
      ...ofMigration('rhoam-eng'),
      ...ofDatabase,
      ...ofRedis,
      ...settingsOfCloud('destination', aws.vendorAtCustomer),
    }),
    'extended-limits': () => ({ ...ofMigration('rhoam-eng'), ...ofDatabase }),
    'no-access': () => ({}),
  }
  return {
    customer: {
      THREESHIFT_SOURCE_KUBECONFIG: admin(source, 'customer'),
      THREESHIFT_DESTINATION_KUBECONFIG: admin(destination, 'customer'),
      SOURCE_DATABASE_URL: databaseText(servers.source),
      SOURCE_REDIS_STORAGE_URL: redisText(servers.sourceRedis, 0),
      SOURCE_REDIS_QUEUES_URL: redisText(servers.sourceRedis, 1),
      ...ofDatabase,
      ...ofRedis,
      ...settingsOfCloud('destination', aws.customer),
      ...(accessLevel === 'no-access' ? ofMigration('customer') : {}),
    },
    'rhoam-eng': {
      // With nobody's rights, until they are granted.
      THREESHIFT_DESTINATION_KUBECONFIG: destination.cluster.kubeconfigFor(to.vendorUser, []),
      ...ofVendor[accessLevel](),
    },
    'bu-srep': { THREESHIFT_DESTINATION_KUBECONFIG: admin(destination, 'bu-srep') },
  }
}

function admin({ cluster }: RehearsalCluster, user: string): string {
  return cluster.kubeconfigFor(user, [administrators])
}

async function settingsOfRouters(dir: string, clusters: PartiesOptions['clusters']): Promise<Settings> {
  const settings: Record<string, string> = {}
  for (const place of clusterPlaces) {
    const { router, routerCa } = clusters[place]
    const file = join(dir, `router-${place}.pem`)
    await writeFile(file, routerCa)
    settings[`THREESHIFT_${place.toUpperCase()}_ROUTER`] = `${router.host}:${router.port}`
    settings[`THREESHIFT_${place.toUpperCase()}_ROUTER_CA`] = file
  }
  return settings
}

function settingsOfCloud(place: CloudPlace, { id, secret, sessionToken }: Keys): Settings {
  const prefix = `THREESHIFT_${place.toUpperCase()}_AWS`
  return {
    [`${prefix}_ACCESS_KEY_ID`]: id,
    [`${prefix}_SECRET_ACCESS_KEY`]: revealed(secret),
    ...(sessionToken === undefined ? {} : { [`${prefix}_SESSION_TOKEN`]: revealed(sessionToken) }),
  }
}

/** As `exchange keygen` writes them; the card is given to all. */
async function writeKeys(dir: string, cards: string, party: Party): Promise<string> {
  const { card, identity, signingKey } = await exchange.keygen(party)
  const folder = join(dir, party)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'keys')
  await writeFile(file, `${revealed(identity)}\n`, { mode: 0o600 })
  await writeFile(`${file}.signing`, revealed(signingKey), { mode: 0o600 })
  await writeFile(`${file}.card.json`, JSON.stringify(card))
  await copyFile(`${file}.card.json`, join(cards, `${party}.card.json`))
  return file
}
