import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { RedisMoveRequest } from '../ports/redis.ts'
import type { ConfirmResult, Step, StepContext } from '../ports/step.ts'
import { fault } from './faults.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf } from './places.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import { redisDump } from './redis-dump.ts'
import { redisFromSnapshot } from './redis-from-snapshot.ts'
import type { Tools } from './tools.ts'
import { operatorPods, podsLeft } from './workloads.ts'

const record = 'redis-restored.json'
const savedRecord = 'redis-before-restore.json'
const savedFile = 'redis-before-restore.rdb'

const savedSchema = z.object({ bytes: z.number().int(), sha256: z.string() })
type Saved = z.output<typeof savedSchema>

export const restoreRedisFacts = z.object({
  keys: z.number().int(),
  /** What was there before, as a file on the machine that restored. */
  saved: savedSchema,
})
type RestoreRedisFacts = z.output<typeof restoreRedisFacts>

/** Step 14: the counters of the source's backend Redis, into that of RHOAM, while nothing of 3scale runs there. */
export function restoreRedis(tools: Tools): Required<Step> {
  const [copied, fromSnapshot] = [redisByCopy(tools), redisFromSnapshot(tools)]
  const stepOf = ({ migration }: StepContext) =>
    migration.destination.redis.restoredBy === 'copy' ? copied : fromSnapshot
  return {
    check: (context) => stepOf(context).check(context),

    async explain(context) {
      const inspected = await tools.redis.inspect({
        source: { kind: 'file', file: await redisDump(tools, context) },
        spoolFolder: tools.folder,
        onProgress: () => undefined,
        signal: context.signal,
      })
      const carried = inspected.families.filter(({ handling }) => handling !== 'skip')
      const { summary, diff } = await stepOf(context).explain(context)
      return {
        summary: `${carried.reduce((sum, { keys }) => sum + keys, 0)} of ${inspected.keys} keys are carried; the others are made again from the database or end by themselves. ${summary}`,
        diff: [
          ...inspected.families.map(({ name, keys, handling }) => ({
            what: `${keys} keys of ${name}`,
            before: null,
            after: handling,
          })),
          ...diff,
        ],
      }
    },

    async apply(context) {
      await refuseWhileRunning(tools, context)
      return stepOf(context).apply(context)
    },

    confirm: (context) => stepOf(context).confirm(context),

    async undo(context) {
      await refuseWhileRunning(tools, context)
      return stepOf(context).undo(context)
    },
  }
}

function redisByCopy(tools: Tools): Required<Step> {
  const moveOf = async (context: StepContext) => redisMove(tools, context, await redisDump(tools, context))
  return {
    async check() {
      const facts = await readRecord(tools, record, restoreRedisFacts)
      if (facts === null) return { kind: 'needed', says: 'the dump of Redis is not restored' }
      return { kind: 'done', says: says(facts), facts: { ...facts } }
    },

    explain: async () => ({
      summary: "They are written into RHOAM's Redis; what is there now is kept as a file.",
      diff: [{ what: savedFile, before: null, after: "what is in RHOAM's Redis now" }],
    }),

    async apply(context) {
      const move = await moveOf(context)
      const saved = await saveOnce(tools, move)
      const { keys } = await tools.redis.copy(move)
      const facts = { keys, saved }
      await writeRecord(tools, record, facts)
      return { says: says(facts), facts }
    },

    confirm: async (context) => compareCounters(tools, await moveOf(context)),

    async undo(context) {
      await removeRecord(tools, record)
      const saved = await readRecord(tools, savedRecord, savedSchema)
      if (saved === null) return { says: 'nothing was restored' }
      const { target, databases } = await moveOf(context)
      const request = { target, databases: [...databases.values()], ...quietly(tools, context) }
      await tools.snapshots.restore({ ...request, file: join(tools.folder, savedFile) })
      await removeRecord(tools, savedRecord)
      await rm(join(tools.folder, savedFile), { force: true })
      return { says: `what was there before is there again, from ${saved.bytes} bytes` }
    },
  }
}

/** Before the first try writes anything; a later one finds what the first has written. */
async function saveOnce(tools: Tools, { target, signal }: RedisMoveRequest): Promise<Saved> {
  const known = await readRecord(tools, savedRecord, savedSchema)
  if (known !== null) return known
  const source = { kind: 'server', endpoint: target } as const
  const request = { source, carry: 'all' as const, file: join(tools.folder, savedFile), ...quietly(tools, { signal }) }
  const { bytes, sha256 } = await tools.snapshots.save(request)
  await writeRecord(tools, savedRecord, { bytes, sha256 })
  return { bytes, sha256 }
}

function quietly({ folder }: Tools, { signal }: Pick<StepContext, 'signal'>) {
  return { spoolFolder: folder, onProgress: () => undefined, signal }
}

/** From a dump in `file` into RHOAM's Redis. */
export async function redisMove(
  tools: Tools,
  { migration, signal, onProgress }: StepContext,
  file: string,
): Promise<RedisMoveRequest> {
  const target = await tools.redisAt(migration.destination.redis.storage)
  const queues = await tools.redisAt(migration.destination.redis.queues)
  return {
    source: { kind: 'file', file },
    target,
    carry: 'default',
    mode: 'overwrite',
    databases: new Map([
      [0, target.db],
      [1, queues.db],
    ]),
    // RHOAM's own installation has left keys there; they are in the saved file.
    ontoExisting: true,
    followQuietMs: null,
    spoolFolder: tools.folder,
    onSpoolKept: () => undefined,
    maxLatencyMs: null,
    onProgress: ({ bytes, totalBytes }) =>
      onProgress({ done: bytes, total: totalBytes, unit: 'bytes of the dump', exact: true, at: tools.clock.now() }),
    signal,
  }
}

/** Every carried key of the dump, and the sums per service, metric and period. */
export async function compareCounters(tools: Tools, move: RedisMoveRequest): Promise<ConfirmResult> {
  const verified = await tools.redis.verify(move)
  const missing = verified.differences.filter(({ kind }) => kind !== 'extra')
  const sums = verified.stats.filter(({ sum, targetSum }) => sum !== targetSum)
  const all = verified.stats.length
  return {
    says: `${verified.keys} keys compared, ${all} sums per service, metric and period`,
    measured: [
      measureNone(
        'keys of the dump that are missing or changed',
        missing.map(({ key }) => key),
      ),
      measure('sums per service, metric and period that are equal', all, all - sums.length),
    ],
    facts: {},
  }
}

async function refuseWhileRunning(tools: Tools, context: StepContext): Promise<void> {
  const at = await placeOf(tools, context, 'destination')
  const left = await podsLeft(at)
  if (left.length === 0 && (await operatorPods(at)) === 0) return
  throw fault('STEP_STILL_RUNNING', { place: 'destination', pods: left.length })
}

function says({ keys, saved }: RestoreRedisFacts): string {
  return `${keys} keys restored; ${saved.bytes} bytes of what was there before are kept`
}
