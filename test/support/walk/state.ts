import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { Redis } from 'ioredis'
import type { DatabaseAddress } from '../../../src/model/database-address.ts'
import type { RedisEndpoint } from '../../../src/model/redis-endpoint.ts'
import { databaseUrl } from '../../../src/model/render-url.ts'
import { parties } from '../../../src/model/party.ts'
import type { KubeObject } from '../../../src/simulator/cluster/kube-object.ts'
import type { ClusterView } from '../../../src/simulator/controllers/engine/cluster-view.ts'
import { withSql } from '../../../src/simulator/controllers/database/sql-session.ts'
import { clusterPlaces, ledgerFile } from '../../../src/steps/tools.ts'
import type { Walk } from './walk.ts'

/** What is there, by what it is: `source deployments.apps 3scale/system-app` says `replicas 1, saved none`. */
export type WorldState = ReadonlyMap<string, string>

const { signal } = new AbortController()

export const statePartNames = ['objects', 'databases', 'keys', 'cloud', 'folders'] as const
export type StatePart = (typeof statePartNames)[number]

/** What rows change, read past all that they read it through. */
export async function readState(walk: Walk, parts: readonly StatePart[] = statePartNames): Promise<WorldState> {
  const readers: Readonly<Record<StatePart, (walk: Walk) => Promise<Entries>>> = {
    objects: objectsOf,
    databases: databasesOf,
    keys: keysOf,
    cloud: thingsInAws,
    folders: foldersOf,
  }
  const entries: [string, string][] = []
  for (const part of parts) entries.push(...(await readers[part](walk)))
  return new Map(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

type Entries = readonly [string, string][]

async function objectsOf({ world }: Walk): Promise<Entries> {
  return clusterPlaces.flatMap((place) =>
    objectsIn(world.clusters[place].manager.view).map(([what, says]): [string, string] => [`${place} ${what}`, says]),
  )
}

async function databasesOf({ world: { servers } }: Walk): Promise<Entries> {
  const entries: [string, string][] = []
  const databases = { source: servers.source, loaded: servers.loaded, working: servers.working, rhoam: servers.rhoam }
  for (const [name, address] of Object.entries(databases)) {
    for (const [table, digest] of await tablesIn(address)) entries.push([`database ${name} ${table}`, digest])
  }
  return entries
}

async function keysOf({ world: { servers } }: Walk): Promise<Entries> {
  const entries: [string, string][] = []
  const redises = { source: servers.sourceRedis, rhoam: servers.rhoamRedis, 'rhoam-system': servers.rhoamSystemRedis }
  for (const [name, endpoint] of Object.entries(redises)) {
    for (const [database, digest] of await keysIn(endpoint)) entries.push([`redis ${name} ${database}`, digest])
  }
  return entries
}

async function foldersOf(walk: Walk): Promise<Entries> {
  const entries: [string, string][] = []
  for (const party of parties) {
    for (const file of await filesBelow(walk.tools.get(party)?.folder ?? ''))
      entries.push([`file ${party} ${file}`, 'there'])
    const entriesOf = (await walk.tools.get(party)?.ledger.list()) ?? []
    for (const { thing, state } of entriesOf.filter(({ state }) => state !== 'gone'))
      entries.push([`ledger ${party} ${thing.kind} ${thing.place} ${thing.name}`, state])
  }
  return entries
}

/** Where two states differ, a sentence each; `isLeft`: what may. */
export function changesBetween(before: WorldState, after: WorldState, isLeft: (what: string) => boolean): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  return names.flatMap((what) => {
    const [was, is] = [before.get(what) ?? 'absent', after.get(what) ?? 'absent']
    return was === is || isLeft(what) ? [] : [`${what}: ${was} before, ${is} now`]
  })
}

/**
 * What is there in the end as text, without what is made up anew in each world or by what works on beside the migration: values of secrets,
 * and the contents of tables and keys at the destination.
 */
export function endState(state: WorldState): string {
  const lines = [...state].flatMap(([what, says]) => {
    if (/^(file \S+ exchange\/|file \S+ clear-|\S+ jobs\.batch |aws (moto|sts) )/.test(what)) return []
    if (/^\S+ (secrets|apimanagers)/.test(what)) return [what]
    if (/^(database (working|rhoam)|redis rhoam)/.test(what)) return [`${what}: ${says.replace(/ [0-9a-f]+$/, '')}`]
    return [`${what}: ${says}`]
  })
  return `${lines.join('\n')}\n`
}

/** Of each kind that rows touch, what of an object they mean. */
const kinds: Readonly<Record<string, (object: Fields) => string>> = {
  namespaces: () => 'there',
  secrets: ({ data = {} }) => digest(sorted(data)),
  'deployments.apps': scaleOf,
  'deploymentconfigs.apps.openshift.io': scaleOf,
  'apimanagers.apps.3scale.net': ({ metadata, spec }) =>
    `${metadata.annotations?.['apps.3scale.net/apimanager-threescale-version'] ?? 'no version'} ${JSON.stringify(spec)}`,
  'subscriptions.operators.coreos.com': ({ spec }) => String(spec?.['channel']),
  'routes.route.openshift.io': ({ spec }) => String(spec?.['host']),
  'jobs.batch': () => 'there',
  'clusterroles.rbac.authorization.k8s.io': () => 'there',
  'clusterrolebindings.rbac.authorization.k8s.io': ({ subjects }) => JSON.stringify(subjects),
  'rolebindings.rbac.authorization.k8s.io': ({ subjects }) => JSON.stringify(subjects),
  'keycloakclients.keycloak.org': () => 'there',
  'postgressnapshots.integreatly.org': () => 'there',
}

interface Fields extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>
  readonly data?: Readonly<Record<string, string>>
  readonly subjects?: unknown
}

function scaleOf({ metadata, spec }: Fields): string {
  return `replicas ${String(spec?.['replicas'])}, saved ${metadata.annotations?.['threeshift.io/replicas'] ?? 'none'}`
}

function objectsIn(view: ClusterView): [string, string][] {
  return Object.entries(kinds).flatMap(([resource, says]) =>
    view.store.kinds.find(resource) !== undefined
      ? view.list<Fields>(resource).map((object): [string, string] => {
          const { namespace = '', name } = object.metadata
          // Routes that zync makes have names of their own each time.
          const called = resource.startsWith('routes.') ? String(object.spec?.['host']) : name
          return [`${resource} ${namespace}/${called}`, says(object)]
        })
      : [],
  )
}

/** By table, rows and a digest over all of them. */
async function tablesIn(address: DatabaseAddress): Promise<readonly [string, string][]> {
  return withSql(databaseUrl(address), signal, async (session) => {
    const isMysql = address.engine === 'mysql'
    const tables = await session.query(
      isMysql
        ? "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY 2"
        : "SELECT schemaname, tablename FROM pg_catalog.pg_tables WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema' ORDER BY 1, 2",
    )
    if (tables.length === 0) return []
    const names = tables.map(([schema, table]) => `"${schema ?? ''}"."${table ?? ''}"`)
    if (isMysql) {
      const sums = await session.query(`CHECKSUM TABLE ${names.join(', ')}`)
      return sums.map(([table, sum]) => [(table ?? '').split('.')[1] ?? '', sum ?? ''])
    }
    const each = names.map(
      (name) => `SELECT '${name.replaceAll('"', '').replace('public.', '')}', count(*)::text || ' rows ' ||
        coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM ${name} t`,
    )
    const found = await session.query(each.join(' UNION ALL '))
    return found.map(([table, sum]) => [table ?? '', sum ?? ''])
  })
}

/** By database, how many keys there are and a digest over all of them and their values. */
async function keysIn({ host, port, password }: RedisEndpoint): Promise<readonly [string, string][]> {
  const secret = password?.reveal('look into a Redis of the test')
  const client = new Redis({ host, port, ...(secret === undefined ? {} : { password: secret }) })
  try {
    const space = await client.info('keyspace')
    const found: [string, string][] = []
    for (const [, database = ''] of space.matchAll(/^db(\d+):/gm)) {
      await client.select(Number(database))
      const keys = (await client.keysBuffer('*')).toSorted((one, other) => Buffer.compare(one, other))
      const hash = createHash('sha256')
      for (const key of keys) hash.update(key).update(await meaningOf(client, key))
      found.push([database, `${keys.length} keys ${hash.digest('hex').slice(0, 16)}`])
    }
    return found
  } finally {
    client.disconnect()
  }
}

/** What a key holds, whatever its encoding. */
async function meaningOf(client: Redis, key: Buffer): Promise<string> {
  const type = await client.type(key)
  switch (type) {
    case 'string':
      return JSON.stringify(await client.get(key))
    case 'list':
      return JSON.stringify(await client.lrange(key, 0, -1))
    case 'set':
      return JSON.stringify((await client.smembers(key)).toSorted())
    case 'zset':
      return JSON.stringify(await client.zrange(key, '0', '-1', 'WITHSCORES'))
    case 'hash':
      return sorted(await client.hgetall(key))
    default:
      return type
  }
}

/** What is counted in an account: service, action, and the element of the answer that stands for one. */
const counted = [
  ['ec2', 'DescribeVpcs', 'vpcId'],
  ['ec2', 'DescribeSubnets', 'subnetId'],
  ['ec2', 'DescribeSecurityGroups', 'groupId'],
  ['ec2', 'DescribeVpcPeeringConnections', 'vpcPeeringConnectionId'],
  ['rds', 'DescribeDBInstances', 'DBInstanceIdentifier'],
  ['rds', 'DescribeDBSnapshots', 'DBSnapshotIdentifier'],
  ['rds', 'DescribeDBSubnetGroups', 'DBSubnetGroupName'],
  ['iam', 'ListUsers', 'UserName'],
] as const

/** How many things there are in each account, and the names of buckets, users and what is theirs. */
async function thingsInAws({ world }: Walk): Promise<Entries> {
  const entries: [string, string][] = []
  const keyOf = (place: string) => world.settings['rhoam-eng'].get(`THREESHIFT_${place}_AWS_ACCESS_KEY_ID`) ?? ''
  for (const place of ['MIGRATION', 'DESTINATION']) {
    const ask = asking(world.servers.moto.endpoint, keyOf(place))
    for (const [service, action, element] of counted) {
      const found = elementsIn(await ask(service, { Action: action }), element)
      if (found.length > 0) entries.push([`aws ${place} ${action}`, String(found.length)])
    }
    for (const user of elementsIn(await ask('iam', { Action: 'ListUsers' }), 'UserName')) {
      const keys = elementsIn(await ask('iam', { Action: 'ListAccessKeys', UserName: user }), 'AccessKeyId')
      entries.push([`aws ${place} user ${user}`, `${keys.length} keys`])
    }
    for (const bucket of elementsIn(await ask('s3', null), 'Name')) {
      const objects = elementsIn(await ask('s3', null, `/${bucket}?list-type=2`), 'Key')
      entries.push([`aws ${place} bucket ${bucket}`, `${objects.length} objects`])
    }
  }
  return entries
}

/** Asks the emulator, which goes by the key for the account and checks no signature. */
function asking(endpoint: string, key: string) {
  return async (service: string, form: Readonly<Record<string, string>> | null, path = '/'): Promise<string> => {
    const credential = `${key}/20260101/eu-west-1/${service}/aws4_request`
    const response = await fetch(`${endpoint}${path}`, {
      method: form === null ? 'GET' : 'POST',
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0` },
      ...(form === null ? {} : { body: new URLSearchParams({ Version: versions[service] ?? '', ...form }) }),
    })
    return response.text()
  }
}

const versions: Readonly<Record<string, string>> = { ec2: '2016-11-15', rds: '2014-10-31', iam: '2010-05-08' }

/** What is in the elements of a name, each once. */
function elementsIn(xml: string, name: string): readonly string[] {
  return [...new Set([...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => text))]
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return found
    .filter((entry) => entry.isFile() && entry.name !== ledgerFile)
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function sorted(fields: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
