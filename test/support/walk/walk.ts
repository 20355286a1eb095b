import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { openRehearsalWorld, type RehearsalWorld } from '../../../src/app/rehearsal/world.ts'
import { type OpenTools, openTools } from '../../../src/app/tools.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { Fault } from '../../../src/base/fault.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import { parties, type Party } from '../../../src/model/party.ts'
import type { PlanRow } from '../../../src/model/plan.ts'
import type { Facts, Verb } from '../../../src/ports/step.ts'
import { compile } from '../../../src/runbook/compile.ts'
import { runbook } from '../../../src/runbook/rows.ts'
import { allSteps } from '../../../src/steps/all.ts'
import { motoPrograms } from '../moto.ts'
import { temporaryFolder } from '../servers.ts'
import { systemPostgresPrograms } from '../system-postgres.ts'
import { paceOfTests } from './pace.ts'
import { runVerb, type VerbResults } from './run-verb.ts'

/** Runs verbs of rows, in this process or in one that can be killed. Faults come as what is thrown. */
export interface VerbRunner {
  run<Name extends Verb>(verb: Name, row: PlanRow, facts: Facts): Promise<VerbResults[Name]>
}

/** A rehearsal's world, and a migration that is walked through it, row by row, forward and back. */
export interface Walk {
  readonly world: RehearsalWorld
  readonly rows: readonly PlanRow[]
  readonly tools: ReadonlyMap<Party, OpenTools>
  /** Below which each party has its own folder. */
  readonly stateFolder: string
  /** What rows have left behind so far. */
  readonly facts: Facts
  /** Runs verbs in this process. */
  readonly here: VerbRunner
  addFacts(row: PlanRow, facts: JsonObject): void
  close(): Promise<void>
}

const { signal } = new AbortController()

/** Opens the world; the caller closes it. */
export async function openWalk(seed = 7): Promise<Walk> {
  const dir = temporaryFolder()
  const world = await openRehearsalWorld({
    dir: join(dir, 'world'),
    accessLevel: 'limited',
    release: '2.13',
    database: 'mariadb',
    // So that RHOAM's own tenant has to be made.
    firstTenant: 'acme',
    rhoamVersion: '1.45',
    tenants: 2,
    scale: 0.005,
    seed,
    speed: 200,
    path: process.env['PATH'] ?? '',
    clock: systemClock,
    motoPrograms,
    postgresPrograms: systemPostgresPrograms(),
    signal,
  })
  const stateFolder = join(dir, 'state')
  const tools = new Map<Party, OpenTools>()
  for (const party of parties) {
    const settings = world.settings[party]
    const context = { env: (name: string) => settings.get(name), cwd: dir, signal }
    tools.set(
      party,
      await openTools({
        party,
        migration: world.migration,
        context,
        stateFolder: join(stateFolder, party),
        clock: world.worldClock,
        pace: paceOfTests,
      }),
    )
  }
  const facts: Record<string, JsonObject> = {}
  const { rows } = compile(runbook, world.migration)
  return {
    world,
    rows,
    tools,
    stateFolder,
    facts,
    here: runnerHere(world, tools),
    addFacts: (row, more) => void (facts[row.id] = { ...facts[row.id], ...more }),
    close: async () => {
      for (const one of tools.values()) one.close()
      await world.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function runnerHere(world: RehearsalWorld, tools: ReadonlyMap<Party, OpenTools>): VerbRunner {
  return {
    run: async (verb, row, facts) => {
      const own = tools.get(row.owner)
      const step = own === undefined ? undefined : allSteps(own).get(row.id)
      if (step === undefined) throw new Error(`no step for ${row.id}`)
      return runVerb(step, verb, { migration: world.migration, row, facts })
    },
  }
}

/** As the engine does a row: what is done already is not applied. Throws when something measured is not as it should be. */
export async function forward(walk: Walk, row: PlanRow, runner: VerbRunner = walk.here): Promise<void> {
  const checked = await runner.run('check', row, walk.facts)
  if (checked.kind === 'done') walk.addFacts(row, checked.facts)
  else await applyByHand(walk, row, runner)
  const { measured, facts } = await runner.run('confirm', row, walk.facts)
  walk.addFacts(row, facts)
  const other = measured.filter(({ equal }) => !equal)
  assert.deepEqual(other, [], `${row.id}: what was measured is not what it should be`)
  assert.ok(measured.length > 0, `${row.id} measures nothing`)
}

/** Applies a row as often as a person has to be asked, who then does what is asked for. */
async function applyByHand(walk: Walk, row: PlanRow, runner: VerbRunner): Promise<void> {
  for (let asked = 0; ; asked++) {
    try {
      walk.addFacts(row, (await runner.run('apply', row, walk.facts)).facts)
      return
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'STEP_BY_HAND') || asked === 1200) throw error
      assert.ok(walk.world.byHand(row.id), `nobody knows how to do ${row.id}`)
      await pause(100)
    }
  }
}

/** Takes a row back, as the engine does: what it left behind is forgotten. Gives what the verb says; null: it has no undo. */
export async function back(walk: Walk, row: PlanRow, runner: VerbRunner = walk.here): Promise<string | null> {
  if (row.undo.kind !== 'undo') {
    assert.equal(row.undo.kind, 'nothing', `${row.id} cannot be taken back`)
    return null
  }
  const { says } = await runner.run('undo', row, walk.facts)
  // Emptied in place: everybody looks at the same record.
  for (const name of Object.keys(walk.facts[row.id] ?? {})) Reflect.deleteProperty(walk.facts[row.id] ?? {}, name)
  return says
}
