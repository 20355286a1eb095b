import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Secret } from '../base/secret.ts'
import { clusterKinds } from '../model/cluster-kinds.ts'
import { parseRedisUrl } from '../model/parse-redis-url.ts'
import { redisUrl } from '../model/render-url.ts'
import type { CacheGroupState } from '../ports/cloud.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { deadlineMs } from './deadlines.ts'
import { fault } from './faults.ts'
import { exchangeBucketOf, makingOf } from './making.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf, rhoamNamespaces, type ThreescalePlace } from './places.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import { redisDump } from './redis-dump.ts'
import { changeSecret, readSecret, restoreSecret, secretValue } from './secrets.ts'
import type { Tools } from './tools.ts'

/*
 * The second way to restore the backend's Redis, where RHOAM's is reached from its own cluster only: the cloud loads a snapshot
 * file from the bucket into a cache of its own, and makes RHOAM's group anew of that cache's snapshot, with everything that the
 * group had. RHOAM's resource operator is told to look away meanwhile.
 */

/** RHOAM's own. Sources: integreatly-operator `pkg/products/threescale`, cloud-resource-operator `pkg/providers/aws`. */
const resourceName = 'threescale-backend-redis-rhoam'
const groupAnnotation = 'resourceIdentifier'
/** The group's own mark, which the restore leaves. */
const restoredTag = 'threeshift:restored-from'
const seededRecord = 'redis-seeded.json'
const doneRecord = 'redis-from-snapshot.json'
const fileName = 'backend-redis-carried.rdb'
/** What a seed is loaded by when the group's engine cannot load the file of another one. */
const redisVersion = '7.1'

const seededSchema = z.object({
  group: z.string(),
  snapshot: z.string(),
  safety: z.string(),
  /** Of the group before, but for its tags. */
  attributes: z.record(z.string(), z.unknown()),
})
type Seeded = z.output<typeof seededSchema>
const doneSchema = z.object({ group: z.string(), snapshot: z.string(), safety: z.string() })

/** Its verbs are those of step 14. */
export function redisFromSnapshot(tools: Tools): Required<Step> {
  return {
    async check() {
      const done = await readRecord(tools, doneRecord, doneSchema)
      if (done === null) return { kind: 'needed', says: "RHOAM's cache group does not hold the dump" }
      return { kind: 'done', says: says(done), facts: { ...done } }
    },

    async explain(context) {
      const { group } = await groupOf(tools, context)
      return {
        summary: `A snapshot of group ${group} is taken; then it is deleted and made again from the dump, with every attribute that it has.`,
        diff: [
          {
            what: `file ${fileName} in bucket ${exchangeBucketOf(context.migration)}`,
            before: null,
            after: 'until it is loaded',
          },
          { what: `cache group ${group}`, before: 'as installed', after: `from snapshot ${namesOf(context).snapshot}` },
        ],
      }
    },

    async apply(context) {
      const seeded = (await readRecord(tools, seededRecord, seededSchema)) ?? (await seed(tools, context))
      const done = { group: seeded.group, snapshot: seeded.snapshot, safety: seeded.safety }
      await replaceGroup(tools, context, { ...done, from: seeded.snapshot })
      await removeFile(tools, context)
      await writeRecord(tools, doneRecord, done)
      return { says: says(done), facts: { ...done } }
    },

    async confirm(context) {
      const seeded = await readRecord(tools, seededRecord, seededSchema)
      const cloud = await tools.cloud('destination', context.signal)
      const { group, phase } = await groupOf(tools, context)
      const now = await cloud.caches.describeGroup(group, { signal: context.signal })
      return {
        says: 'group and resource were asked; counters are compared through 3scale itself in step 18, key by key they are not',
        measured: [
          measure('state of the group', 'available', now?.status ?? 'not there'),
          measure('snapshot that the group was made of', seeded?.snapshot ?? '', restoredFrom(now)),
          measureNone('attributes that the group has lost', lostAttributes(seeded, now)),
          measure("phase of RHOAM's resource", 'complete', phase),
        ],
        facts: {},
      }
    },

    async undo(context) {
      const seeded = await readRecord(tools, seededRecord, seededSchema)
      if (seeded === null) return { says: 'the group was not replaced' }
      const { group, safety } = seeded
      const cloud = await tools.cloud('destination', context.signal)
      const now = await cloud.caches.describeGroup(group, { signal: context.signal })
      if (
        now !== null &&
        restoredFrom(now) !== seeded.snapshot &&
        (await readRecord(tools, doneRecord, doneSchema)) === null
      ) {
        await pauseResource(tools, context, false)
        await removeRecord(tools, seededRecord)
        return { says: 'the group was not replaced yet' }
      }
      await replaceGroup(tools, context, { group, from: safety, safety: `${safety}-undo` })
      await restoreSecret(await placeOf(tools, context, 'destination'), 'backend-redis', context.row.id)
      for (const name of [doneRecord, seededRecord]) await removeRecord(tools, name)
      return { says: `group ${group} holds again what it held before, from snapshot ${safety}` }
    },
  }
}

/** Names that a second try finds again. A cache's has at most 50 characters. */
function namesOf({ migration }: StepContext) {
  const base = `threeshift-${migration.name.slice(0, 28).replace(/-+$/, '')}`
  return { seed: `${base}-seed`, snapshot: `${base}-redis`, safety: `${base}-redis-before` }
}

function says({ group, snapshot, safety }: z.output<typeof doneSchema>): string {
  return `group ${group} was made of snapshot ${snapshot}; what it held is in snapshot ${safety}`
}

/** RHOAM's resource, and the group that it says is its. Faults: STEP_NO_CACHE_GROUP. */
async function groupOf(tools: Tools, context: StepContext) {
  const { cluster, signal } = await placeOf(tools, context, 'destination')
  const ref = { namespace: rhoamNamespaces(context.migration).operator, name: resourceName }
  const found = await cluster.get(clusterKinds.redis, ref, { signal })
  const group = found?.metadata.annotations[groupAnnotation]
  if (found === null || group === undefined) throw fault('STEP_NO_CACHE_GROUP', { resource: resourceName })
  return { ref, group, phase: found.status.phase }
}

/** The dump's carried keys as a snapshot of the cloud. */
async function seed(tools: Tools, context: StepContext): Promise<Seeded> {
  const { migration, signal } = context
  const cloud = await tools.cloud('destination', signal)
  const { group } = await groupOf(tools, context)
  const state = await cloud.caches.describeGroup(group, { signal })
  if (state?.status !== 'available') throw fault('STEP_NO_CACHE_GROUP', { resource: resourceName })
  const { Tags: _tags, ...attributes } = state.attributes
  const { seed: seedName, snapshot, safety } = namesOf(context)
  const file = join(tools.folder, fileName)
  const at = { bucket: exchangeBucketOf(migration), key: fileName }
  await tools.snapshots.save({
    source: { kind: 'file', file: await redisDump(tools, context) },
    carry: 'default',
    file,
    spoolFolder: tools.folder,
    onProgress: () => undefined,
    signal,
  })
  await cloud.buckets.ensureObject(at, file, { signal })
  const goal = {
    name: seedName,
    rdb: at,
    engineVersion: attributes['Engine'] === 'redis' ? textOf(attributes, 'EngineVersion') : redisVersion,
    nodeType: textOf(attributes, 'CacheNodeType'),
    subnetGroup: textOf(attributes, 'CacheSubnetGroupName'),
    securityGroupIds: z.array(z.string()).catch([]).parse(attributes['SecurityGroupIds']),
  }
  const making = makingOf(tools, context, 'the dump of Redis, as a cache', 'remove')
  await cloud.caches.ensureSeed(goal, making, { signal })
  await cloud.caches.ensureSnapshot(snapshot, { kind: 'cache', name: seedName }, making, { signal })
  const seeded = { group, snapshot, safety, attributes }
  await writeRecord(tools, seededRecord, seeded)
  return seeded
}

/** A cache loads no file that is encrypted for a party, so this one goes as soon as the group is there. */
async function removeFile(tools: Tools, { migration, signal }: StepContext): Promise<void> {
  const region = migration.destination.aws?.region ?? ''
  const bucket = { bucket: exchangeBucketOf(migration), region, credentials: null, endpoint: null, pathStyle: false }
  await tools.files.remove(bucket, [fileName], { signal })
  await rm(join(tools.folder, fileName), { force: true })
}

function textOf(attributes: Readonly<Record<string, unknown>>, name: string): string {
  return z.string().catch('').parse(attributes[name])
}

/** While RHOAM's resource operator looks away, so that it does not take the group for lost. */
async function replaceGroup(
  tools: Tools,
  context: StepContext,
  { group, from, safety }: { readonly group: string; readonly from: string; readonly safety: string },
): Promise<void> {
  const { signal, onProgress } = context
  const cloud = await tools.cloud('destination', signal)
  await pauseResource(tools, context, true)
  const making = makingOf(tools, context, "what RHOAM's Redis held before", 'safety')
  const show = () => onProgress({ done: 0, total: 1, unit: 'groups', exact: true, at: tools.clock.now() })
  const restore = { group, fromSnapshot: from, safetySnapshot: safety }
  await cloud.caches.restoreGroup(restore, making, { signal, onProgress: show })
  await pauseResource(tools, context, false)
  await followAddress(tools, context)
}

async function pauseResource(tools: Tools, context: StepContext, isPaused: boolean): Promise<void> {
  const { cluster, signal } = await placeOf(tools, context, 'destination')
  const { ref } = await groupOf(tools, context)
  const wanted = isPaused ? 'paused' : 'complete'
  const patch = { kind: 'merge', body: { spec: { skipCreate: isPaused } } } as const
  await cluster.patch(clusterKinds.redis, ref, patch, { signal })
  await cluster.until(clusterKinds.redis, ref, (found) => found.some(({ status }) => status.phase === wanted), {
    signal,
    deadlineMs: deadlineMs.rhoam,
    what: `resource ${resourceName} to be ${wanted}`,
    describe: (found) => found.map(({ status }) => `${status.phase} ${status.message}`).join(),
  })
}

/** A group made anew may have another address, and RHOAM, which would write it into 3scale's secret, stands still. */
async function followAddress(tools: Tools, context: StepContext): Promise<void> {
  const at = await placeOf(tools, context, 'destination')
  const operator: ThreescalePlace = { ...at, namespace: rhoamNamespaces(context.migration).operator }
  const host = (await secretValue(operator, resourceName, 'uri')).reveal('an address')
  const port = Number((await secretValue(operator, resourceName, 'port')).reveal('an address'))
  const values = (await readSecret(at, 'backend-redis')) ?? {}
  const changed: Record<string, Secret> = {}
  for (const key of ['REDIS_STORAGE_URL', 'REDIS_QUEUES_URL']) {
    const url = values[key]
    if (url === undefined) throw fault('STEP_SECRET_MISSING', { place: at.place, secret: 'backend-redis', keys: [key] })
    const now = parseRedisUrl(url, 'secret backend-redis')
    if (now.host !== host || now.port !== port) changed[key] = redisUrl({ ...now, host, port }, now.db)
  }
  if (Object.keys(changed).length > 0) await changeSecret(at, 'backend-redis', changed, context.row.id)
}

function restoredFrom(state: CacheGroupState | null): string {
  const tags = z
    .array(z.object({ Key: z.string(), Value: z.string() }))
    .catch([])
    .parse(state?.attributes['Tags'])
  return tags.find(({ Key }) => Key === restoredTag)?.Value ?? 'none'
}

function lostAttributes(before: Seeded | null, now: CacheGroupState | null): readonly string[] {
  return Object.entries(before?.attributes ?? {}).flatMap(([name, value]) =>
    JSON.stringify(now?.attributes[name]) === JSON.stringify(value) ? [] : [name],
  )
}
