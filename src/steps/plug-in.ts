import { z } from 'zod'
import { Secret } from '../base/secret.ts'
import { clusterKinds } from '../model/cluster-kinds.ts'
import { databaseUrl, redisUrl } from '../model/render-url.ts'
import { isAtLeast } from '../model/release.ts'
import { needsOwnDatabases } from '../threescale/releases.ts'
import { secretsCarriedTo } from '../threescale/secrets.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { workingDatabase } from './databases.ts'
import { deadlineMs } from './deadlines.ts'
import { unpackSecrets } from './exchanges.ts'
import { measure } from './measure.ts'
import { factsOf } from './facts.ts'
import { makeApiManager } from './migration-cluster-ready.ts'
import { apiManagerOf, findApiManager, placeOf, type ThreescalePlace } from './places.ts'
import { quiesceFacts } from './quiesce.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import { changeSecret, digestOf, readSecret, restoreSecret, type SecretValues } from './secrets.ts'
import type { Tools } from './tools.ts'

/** The copy of 3scale must not send queued mail to real people. */
const noMail = Object.fromEntries(
  Object.entries({ address: 'localhost', port: '9', username: '', password: '', domain: '', authentication: '' }).map(
    ([key, value]) => [key, new Secret(value)],
  ),
)

const record = 'before-plug-in.json'
const switches = z.record(z.string(), z.json()).nullable()
/** What the APIManager said of itself; null: nothing. */
const before = z.object({ tenantName: z.string(), externalComponents: switches, highAvailability: switches })

/** Step 8: the source's secrets are carried, those of databases point to the migration cluster's. */
export function plugIn(tools: Tools): Step {
  const at = (context: StepContext) => placeOf(tools, context, 'migration')
  return {
    async check(context) {
      const threescale = await at(context)
      const other = await secretsThatDiffer(threescale, await wanted(tools, context))
      if (other.length > 0) return { kind: 'needed', says: `${other.length} secrets are not as they should be` }
      if (!(await isExternal(threescale, context))) return { kind: 'needed', says: 'databases are not external yet' }
      return { kind: 'done', says: 'secrets and databases are plugged in', facts: {} }
    },

    async explain(context) {
      const secrets = await wanted(tools, context)
      return {
        summary: `${secrets.size} secrets of ${context.migration.migrationCluster.namespace} are written; what they hold now is kept beside them.`,
        diff: [...secrets].flatMap(([name, values]) =>
          Object.keys(values).map((key) => ({
            what: `secret ${name}, ${key}`,
            before: 'as installed',
            after: sourceOf(name),
          })),
        ),
      }
    },

    async apply(context) {
      const threescale = await at(context)
      const secrets = await wanted(tools, context)
      for (const [name, values] of secrets) await changeSecret(threescale, name, values, context.row.id)
      await makeExternal(tools, threescale, context)
      return { says: `${secrets.size} secrets written`, facts: {} }
    },

    async confirm(context) {
      const threescale = await at(context)
      const secrets = await wanted(tools, context)
      const other = await secretsThatDiffer(threescale, secrets)
      return {
        says: 'secrets were compared by their digests',
        measured: [
          measure('secrets that are as packed or as planned', secrets.size, secrets.size - other.length),
          measure('databases are external', true, await isExternal(threescale, context)),
        ],
        facts: {},
      }
    },

    async undo(context) {
      const threescale = await at(context)
      const names = [...(await wanted(tools, context)).keys()]
      await takeBackExternal(tools, threescale)
      for (const name of names) await restoreSecret(threescale, name, context.row.id)
      if (needsOwnDatabases(context.migration.source.release)) await removeApiManager(threescale)
      return { says: `${names.length} secrets and the APIManager are as they were` }
    },
  }
}

function sourceOf(name: string): string {
  return secretsCarriedTo('migration').some((carried) => carried === name)
    ? "the source's"
    : 'for the migration cluster'
}

/** Every key that the secrets must have here. */
async function wanted(tools: Tools, context: StepContext): Promise<ReadonlyMap<string, SecretValues>> {
  const { migrationCluster, source } = context.migration
  const packed = await unpackSecrets(tools, context)
  const database = await tools.database(workingDatabase(context.migration))
  const redis = await tools.redisAt(migrationCluster.redis)
  const carried = secretsCarriedTo('migration').flatMap((name) => {
    const values = packed.get(name)
    return values === undefined ? [] : [[name, values] as const]
  })
  const messageBus = source.release === '2.11' ? { MESSAGE_BUS_URL: redisUrl(redis, 1) } : {}
  return new Map<string, SecretValues>([
    ...carried,
    [
      'system-database',
      { URL: databaseUrl(database), DB_USER: new Secret(database.user), DB_PASSWORD: database.password },
    ],
    ['backend-redis', { REDIS_STORAGE_URL: redisUrl(redis, 0), REDIS_QUEUES_URL: redisUrl(redis, 1) }],
    ['system-redis', { URL: redisUrl(redis, 1), ...messageBus }],
    ['system-smtp', noMail],
  ])
}

/** Names of those of which some key is not as wanted. */
export async function secretsThatDiffer(
  at: ThreescalePlace,
  secrets: ReadonlyMap<string, SecretValues>,
): Promise<readonly string[]> {
  const other: string[] = []
  for (const [name, values] of secrets) {
    const found = await readSecret(at, name)
    const same = Object.fromEntries(Object.keys(values).flatMap((key) => (found?.[key] ? [[key, found[key]]] : [])))
    if (digestOf(same) !== digestOf(values)) other.push(name)
  }
  return other
}

/** 2.11 knows one switch for all databases, later releases one for each. Source: 3scale-operator `apis/apps/v1alpha1`. */
async function makeExternal(tools: Tools, at: ThreescalePlace, context: StepContext): Promise<void> {
  const { release } = context.migration.source
  // Its operator waits for the routes of a tenant of this name, and names the backend's route after it.
  const { tenantName } = factsOf(context, 'quiesce', quiesceFacts)
  const spec = isAtLeast(release, '2.12')
    ? { tenantName, externalComponents: { system: { database: true, redis: true }, backend: { redis: true } } }
    : { tenantName, highAvailability: { enabled: true } }
  if (needsOwnDatabases(release)) return makeApiManager(at, context, spec)
  const { metadata, spec: now } = await apiManagerOf(at)
  if ((await readRecord(tools, record, before)) === null) {
    const { tenantName: called, externalComponents = null, highAvailability = null } = now
    await writeRecord(tools, record, { tenantName: called, externalComponents, highAvailability })
  }
  const ref = { namespace: at.namespace, name: metadata.name }
  await at.cluster.patch(clusterKinds.apiManagers, ref, { kind: 'merge', body: { spec } }, { signal: at.signal })
}

async function takeBackExternal(tools: Tools, at: ThreescalePlace): Promise<void> {
  const known = await readRecord(tools, record, before)
  if (known === null) return
  const { metadata } = await apiManagerOf(at)
  const ref = { namespace: at.namespace, name: metadata.name }
  // Taken away first, for a merge would leave what was added.
  for (const spec of [{ externalComponents: null, highAvailability: null }, known]) {
    await at.cluster.patch(clusterKinds.apiManagers, ref, { kind: 'merge', body: { spec } }, { signal: at.signal })
  }
  await removeRecord(tools, record)
}

/** Its operator stands still, so nothing of it runs. */
async function removeApiManager(at: ThreescalePlace): Promise<void> {
  const found = await findApiManager(at)
  if (found === null) return
  const ref = { namespace: at.namespace, name: found.metadata.name }
  await at.cluster.remove(clusterKinds.apiManagers, ref, { signal: at.signal, deadlineMs: deadlineMs.removal })
}

async function isExternal(at: ThreescalePlace, context: StepContext): Promise<boolean> {
  const found = await findApiManager(at)
  const { tenantName } = factsOf(context, 'quiesce', quiesceFacts)
  if (found === null || found.spec.tenantName !== tenantName) return false
  const { highAvailability, externalComponents } = found.spec
  if (!isAtLeast(context.migration.source.release, '2.12')) return highAvailability?.['enabled'] === true
  const { system, backend } = externalComponents ?? {}
  return system?.['database'] === true && system['redis'] === true && backend?.['redis'] === true
}
