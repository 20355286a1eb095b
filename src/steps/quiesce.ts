import { sleep } from '../base/abort.ts'
import { z } from 'zod'
import type { Migration } from '../model/migration.ts'
import { parseRedisUrl } from '../model/parse-redis-url.ts'
import type { QueuesReport } from '../ports/queues.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { askAll, baselineSchema } from './baseline.ts'
import { fault } from './faults.ts'
import { measure, measureNone } from './measure.ts'
import { apiManagerOf, placeOf, type ThreescalePlace } from './places.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import { secretValue } from './secrets.ts'
import type { Tools } from './tools.ts'
import { refuseTraps } from './traps.ts'
import {
  bundledDatabases,
  frontWorkloads,
  operatorPods,
  operatorRef,
  podsLeft,
  readWorkloads,
  scaleDeployment,
  scaleDown,
  scaleUp,
} from './workloads.ts'

const record = 'before-the-stop.json'

/** What 3scale was and answered before it was stopped. */
export const quiesceFacts = z.object({
  /** The APIManager's: hosts of the installation's own begin with it. */
  tenantName: z.string(),
  answers: baselineSchema,
})

const isDatabase = (name: string): boolean => bundledDatabases.includes(name)

/** Step 1: what takes requests is stopped first; then the queues drain; then the rest is stopped, but for the databases. */
export function quiesce(tools: Tools): Step {
  return {
    async check(context) {
      const at = await placeOf(tools, context, 'source')
      const before = await readRecord(tools, record, quiesceFacts)
      const left = await podsLeft(at, bundledDatabases)
      if (before === null || left.length > 0) return { kind: 'needed', says: `${left.length} pods of 3scale run` }
      const queues = await lookAtQueues(tools, context, at, 1)
      if (isAcceptable(queues, context.migration)) return { kind: 'done', says: says(queues), facts: before }
      return { kind: 'needed', says: says(queues) }
    },

    async explain(context) {
      const at = await placeOf(tools, context, 'source')
      const running = (await readWorkloads(at)).filter(({ name, wanted }) => wanted > 0 && !isDatabase(name))
      return {
        summary: `The traffic of ${context.migration.source.wildcardDomain} stops. ${running.length} workloads go to zero; databases stay up.`,
        diff: running.map(({ name, wanted }) => ({ what: `replicas of ${name}`, before: String(wanted), after: '0' })),
      }
    },

    async apply(context) {
      const at = await placeOf(tools, context, 'source')
      const facts = (await readRecord(tools, record, quiesceFacts)) ?? (await recordAnswers(tools, context, at))
      await scaleDeployment(at, operatorRef(at), 0)
      await scaleDown(at, (name) => frontWorkloads.includes(name))
      const queues = await drain(tools, context, at)
      await scaleDown(at, (name) => !isDatabase(name))
      return { says: says(queues), facts }
    },

    async confirm(context) {
      const at = await placeOf(tools, context, 'source')
      const queues = await lookAtQueues(tools, context, at, 1)
      return {
        says: says(queues),
        measured: [
          measureNone('pods of 3scale other than its databases', await podsLeft(at, bundledDatabases)),
          measureNone('jobs whose loss nobody accepted', isAcceptable(queues, context.migration) ? [] : leftIn(queues)),
          measure('pods of the 3scale operator', 0, await operatorPods(at)),
        ],
        facts: {},
      }
    },

    async undo(context) {
      const at = await placeOf(tools, context, 'source')
      const started = await scaleUp(at)
      await scaleDeployment(at, operatorRef(at), 1)
      // It serves again, so what it answered is of the past.
      await removeRecord(tools, record)
      return { says: `${started.length} workloads and the operator run again` }
    },
  }
}

async function recordAnswers(tools: Tools, context: StepContext, at: ThreescalePlace) {
  const { migration, signal, onProgress } = context
  const { spec } = await apiManagerOf(at)
  const tenants = await tools.threescaleDatabase.tenants(await tools.database(migration.source.database.url), {
    signal,
  })
  refuseTraps(migration, tenants, migration.source.wildcardDomain)
  const answers = await askAll(tenants, {
    tools,
    at,
    askedAt: tools.clock.now(),
    backendLabel: `backend-${spec.tenantName}`,
    onTenant: (done, total) => onProgress({ done, total, unit: 'tenants asked', exact: true, at: tools.clock.now() }),
  })
  const facts = { tenantName: spec.tenantName, answers }
  await writeRecord(tools, record, facts)
  return facts
}

/** Looks until the queues are drained, or what is left may be lost, or the time is over. */
async function drain(tools: Tools, context: StepContext, at: ThreescalePlace): Promise<QueuesReport> {
  const { clock, drain: pace } = tools
  const deadline = clock.elapsedMs() + pace.deadlineMs
  for (;;) {
    const queues = await lookAtQueues(tools, context, at, pace.samples)
    if (queues.verdict === 'drained') return queues
    if (clock.elapsedMs() >= deadline) {
      if (isAcceptable(queues, context.migration)) return queues
      throw fault('STEP_NOT_DRAINED', { left: leftIn(queues), minutes: Math.round(pace.deadlineMs / 60_000) })
    }
    await sleep(pace.everyMs, context.signal)
  }
}

async function lookAtQueues(
  tools: Tools,
  context: StepContext,
  at: ThreescalePlace,
  samples: number,
): Promise<QueuesReport> {
  const { migration, signal } = context
  const url = await secretValue(at, 'system-redis', 'URL')
  return tools.queues.watch({
    release: migration.source.release,
    system: parseRedisUrl(url, 'secret system-redis'),
    backend: await tools.redisAt(migration.source.redis.queues),
    ignoreScheduled: migration.source.jobs.ignoreScheduled,
    samples,
    everyMs: tools.drain.everyMs,
    onSample: () => undefined,
    signal,
  })
}

function isAcceptable(queues: QueuesReport, migration: Migration): boolean {
  return queues.verdict === 'drained' || migration.source.jobs.acceptLoss
}

function leftIn(queues: QueuesReport): readonly string[] {
  return queues.samples.at(-1)?.busyBecause ?? []
}

function says(queues: QueuesReport): string {
  return queues.verdict === 'drained'
    ? `the queues were empty at ${queues.samples.length} looks`
    : `jobs are left: ${leftIn(queues).join('; ')}`
}
