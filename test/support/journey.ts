import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import { openRehearsalWorld, type RehearsalWorld, type RehearsalWorldOptions } from '../../src/app/rehearsal/world.ts'
import { registeredSteps } from '../../src/app/steps.ts'
import { type OpenTools, openTools } from '../../src/app/tools.ts'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { parties, type Party } from '../../src/model/party.ts'
import type { Plan, PlanRow } from '../../src/model/plan.ts'
import type { RowId } from '../../src/model/row-id.ts'
import type { Step, StepContext } from '../../src/ports/step.ts'
import { compile } from '../../src/runbook/compile.ts'
import { runbook } from '../../src/runbook/rows.ts'
import { quickTiming } from './clusters.ts'
import { motoPrograms } from './moto.ts'
import { temporaryFolder } from './servers.ts'
import { systemPostgresPrograms } from './system-postgres.ts'

/** What a journey differs in from others. */
export type JourneyOptions = Pick<
  RehearsalWorldOptions,
  'accessLevel' | 'release' | 'database' | 'customDomain' | 'firstTenant' | 'fileStorage' | 'restoredBy'
> &
  Partial<Pick<RehearsalWorldOptions, 'rhoamVersion' | 'tenants' | 'scale' | 'seed'>>

/** A migration on a rehearsal's world, whose rows are run one by one in this process, each by its owner's tools. */
export interface Journey {
  readonly dir: string
  readonly world: RehearsalWorld
  readonly plan: Plan
  readonly facts: Readonly<Record<string, JsonObject>>
  stepOf(row: PlanRow): Step
  contextOf(row: PlanRow): StepContext
  /** Check, and unless it is done: explain, apply (twice, as after a crash, unless `once`); then confirm. */
  run(row: PlanRow, how?: { readonly once: boolean }): Promise<void>
  /** Checks that a row that was run knows it. */
  runAgain(row: PlanRow): Promise<void>
  close(): Promise<void>
}

/** Opens the world below `dir`. */
export async function openJourney(dir: string, options: JourneyOptions): Promise<Journey> {
  const { signal } = new AbortController()
  const world = await openRehearsalWorld({
    dir: join(dir, 'world'),
    rhoamVersion: '1.45',
    tenants: 3,
    scale: 0.02,
    seed: 7,
    speed: 200,
    path: process.env.PATH ?? '',
    clock: systemClock,
    motoPrograms,
    postgresPrograms: systemPostgresPrograms(),
    signal,
    ...options,
  })
  const tools = new Map<Party, OpenTools>()
  for (const party of parties) {
    const settings = world.settings[party]
    const opened = await openTools({
      party,
      migration: world.migration,
      context: { env: (name) => settings.get(name), cwd: dir, signal },
      stateFolder: join(dir, 'state', party),
      clock: world.worldClock,
      pace: {
        aws: { lookEveryMs: 2, backOffMs: [2, 4, 8, 16], settleMs: 2000, longestWaitMs: 60_000 },
        openshift: quickTiming,
        drain: { samples: 2, everyMs: 20, deadlineMs: 60_000 },
      },
    })
    tools.set(party, opened)
  }
  // As `threeshift run` has them.
  const steps = registeredSteps(async (_migration, party) => {
    const own = tools.get(party)
    if (own === undefined) throw new Error(`${party} has no tools`)
    return own
  })
  const facts: Record<string, JsonObject> = {}
  const stepOf = (row: PlanRow) => {
    const step = steps.get(row.id)
    if (step === undefined) throw new Error(`no step for ${row.id}`)
    return step
  }
  const contextOf = (row: PlanRow): StepContext => ({
    migration: world.migration,
    row,
    generation: 1,
    fence: 1,
    facts,
    signal,
    onProgress: () => undefined,
  })
  const addFacts = (row: PlanRow, more: JsonObject) => {
    facts[row.id] = { ...facts[row.id], ...more }
  }
  /** As often as a person has to be asked, who then does what is asked for. */
  const apply = async (row: PlanRow) => {
    for (let asked = 0; ; asked++) {
      try {
        addFacts(row, (await stepOf(row).apply(contextOf(row))).facts)
        return
      } catch (error) {
        if (!(error instanceof Fault && error.code === 'STEP_BY_HAND') || asked === 600) throw error
        assert.ok(world.byHand(row.id), `nobody knows how to do ${row.id}`)
        await pause(100)
      }
    }
  }
  return {
    dir,
    world,
    plan: compile(runbook, world.migration),
    facts,
    stepOf,
    contextOf,
    run: async (row, { once } = { once: false }) => {
      const step = stepOf(row)
      const checked = await step.check(contextOf(row))
      if (checked.kind === 'done') addFacts(row, checked.facts)
      else {
        const { summary } = await step.explain(contextOf(row))
        assert.ok(summary.length > 0)
        await apply(row)
        // As after a crash that came before anybody heard of the end.
        if (!once) await apply(row)
      }
      const { measured, facts: found } = await step.confirm(contextOf(row))
      addFacts(row, found)
      assert.deepEqual(
        measured.filter(({ equal }) => !equal),
        [],
        `${row.id}: what was measured is not what it should be`,
      )
      assert.ok(measured.length > 0, `${row.id} measures nothing`)
    },
    runAgain: async (row) => {
      if (undoneByLater.has(row.id)) return
      const { kind, ...checked } = await stepOf(row).check(contextOf(row))
      assert.equal(kind, neverDone.has(row.id) ? 'needed' : 'done', `${row.id}: ${checked.says}`)
    },
    close: async () => {
      for (const one of tools.values()) one.close()
      await world.close()
    },
  }
}

/** Rows that only look, or ask a person, are never done; all others know that they are. */
const neverDone = new Set<RowId>([
  'access-confirmed',
  'standalone-vpc',
  'exchange-confirmed',
  'rollback-ready',
  'confirm-3scale',
  'verify',
  'new-routes',
])
/** What later rows have changed on purpose: the copy of 3scale is stopped and renamed again, and RHOAM runs. */
const undoneByLater = new Set<RowId>([
  'access-granted',
  'migration-cluster-ready',
  'rhoam-freeze',
  'plug-in',
  'scale-up',
  'secrets-to-destination',
])

/** Registers a test that runs every row of the plan, and another look at each of them. */
export function testJourney(
  name: string,
  options: JourneyOptions,
  expected: { readonly dropped: readonly RowId[]; readonly once?: boolean },
  ends: (journey: Journey) => Promise<void> = async () => undefined,
): void {
  const dir = temporaryFolder()
  let journey: Journey
  before(async () => {
    journey = await openJourney(dir, options)
  })
  after(async () => {
    await journey?.close()
    rmSync(dir, { recursive: true, force: true })
  })
  test(name, { timeout: 1_500_000 }, async (t) => {
    const { rows, dropped } = journey.plan
    assert.deepEqual(
      dropped.map(({ id }) => id),
      expected.dropped,
      'all others are in the plan',
    )
    let isBroken = false
    for (const row of rows) {
      await t.test(`${row.number} ${row.id}`, async () => {
        assert.ok(!isBroken, 'a row before it has failed')
        isBroken = true
        await journey.run(row, { once: expected.once === true })
        isBroken = false
      })
    }
    await t.test('and a second time changes nothing', async () => {
      for (const row of rows) await journey.runAgain(row)
    })
    assert.deepEqual(journey.world.troubles, [], 'no controller met what it could not do')
    await ends(journey)
  })
}
