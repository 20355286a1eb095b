import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import { openRehearsalWorld, type RehearsalWorld } from '../../src/app/rehearsal/world.ts'
import { registeredSteps } from '../../src/app/steps.ts'
import { type OpenTools, openTools } from '../../src/app/tools.ts'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Party } from '../../src/model/party.ts'
import { parties } from '../../src/model/party.ts'
import type { PlanRow } from '../../src/model/plan.ts'
import type { RowId } from '../../src/model/row-id.ts'
import type { StepContext } from '../../src/ports/step.ts'
import { compile } from '../../src/runbook/compile.ts'
import { runbook } from '../../src/runbook/rows.ts'
import { quickTiming } from '../support/clusters.ts'
import { motoPrograms } from '../support/moto.ts'
import { temporaryFolder } from '../support/servers.ts'
import { systemPostgresPrograms } from '../support/system-postgres.ts'

const { signal } = new AbortController()
const dir = temporaryFolder()
let world: RehearsalWorld
const tools = new Map<Party, OpenTools>()
const facts: Record<string, JsonObject> = {}

before(async () => {
  world = await openRehearsalWorld({
    dir: join(dir, 'world'),
    accessLevel: 'limited',
    database: 'mariadb',
    release: '2.13',
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
  })
  for (const party of parties) {
    const settings = world.settings[party]
    tools.set(
      party,
      await openTools({
        party,
        migration: world.migration,
        context: { env: (name) => settings.get(name), cwd: dir, signal },
        stateFolder: join(dir, 'state', party),
        clock: world.worldClock,
        pace: {
          aws: { lookEveryMs: 2, backOffMs: [2, 4, 8, 16], settleMs: 2000, longestWaitMs: 60_000 },
          openshift: quickTiming,
          drain: { samples: 2, everyMs: 20, deadlineMs: 200 },
        },
      }),
    )
  }
})

after(async () => {
  for (const one of tools.values()) one.close()
  await world?.close()
  rmSync(dir, { recursive: true, force: true })
})

/** As `threeshift run` has them. */
const steps = registeredSteps(async (_migration, party) => {
  const own = tools.get(party)
  if (own === undefined) throw new Error(`${party} has no tools`)
  return own
})

function stepOf(row: PlanRow) {
  const step = steps.get(row.id)
  if (step === undefined) throw new Error(`no step for ${row.id}`)
  return step
}

function contextOf(row: PlanRow): StepContext {
  return {
    migration: world.migration,
    row,
    generation: 1,
    fence: 1,
    facts,
    signal,
    onProgress: () => undefined,
  }
}

function addFacts(row: PlanRow, more: JsonObject): void {
  facts[row.id] = { ...facts[row.id], ...more }
}

/** Applies a row as often as a person has to be asked, who then does what is asked for. */
async function apply(row: PlanRow): Promise<void> {
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

async function runAgain(row: PlanRow): Promise<void> {
  if (undoneByLater.has(row.id)) return
  const { kind, ...checked } = await stepOf(row).check(contextOf(row))
  assert.equal(kind, neverDone.has(row.id) ? 'needed' : 'done', `${row.id}: ${checked.says}`)
}

async function runRow(row: PlanRow): Promise<void> {
  const step = stepOf(row)
  const checked = await step.check(contextOf(row))
  if (checked.kind === 'done') addFacts(row, checked.facts)
  else {
    const { summary } = await step.explain(contextOf(row))
    assert.ok(summary.length > 0)
    await apply(row)
    // As after a crash that came before anybody heard of the end.
    await apply(row)
  }
  const { measured, facts: found } = await step.confirm(contextOf(row))
  addFacts(row, found)
  assert.deepEqual(
    measured.filter(({ equal }) => !equal),
    [],
    `${row.id}: what was measured is not what it should be`,
  )
  assert.ok(measured.length > 0, `${row.id} measures nothing`)
}

test('every row of the limited path runs, and what it did is measured', { timeout: 1_500_000 }, async (t) => {
  const { rows, dropped } = compile(runbook, world.migration)
  assert.deepEqual(
    dropped.map(({ id }) => id),
    ['custom-domain', 'upgrade-mysql'],
    'all others are in the plan',
  )
  let isBroken = false
  for (const row of rows) {
    await t.test(`${row.number} ${row.id}`, async () => {
      assert.ok(!isBroken, 'a row before it has failed')
      isBroken = true
      await runRow(row)
      isBroken = false
    })
  }
  await t.test('and a second time changes nothing', async () => {
    for (const row of rows) await runAgain(row)
  })
  assert.deepEqual(world.troubles, [], 'no controller met what it could not do')
})
