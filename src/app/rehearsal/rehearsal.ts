import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { postgresOfPgDump } from '../../adapters/servers/postgres-of-pg-dump.ts'
import type { Clock } from '../../base/clock.ts'
import { writeMigration } from '../../cli/write-migration.ts'
import type { Decisions } from '../../model/decision.ts'
import { isAtLeast } from '../../model/release.ts'
import type { MigrationView } from '../../ports/engine.ts'
import type { Rehearsal, RehearsalRequest, RehearsalWorldRequest } from '../../ports/rehearsal.ts'
import { compile } from '../../runbook/compile.ts'
import { runbook } from '../../runbook/rows.ts'
import { rhoamVersionOf, simulatedRhoamVersions } from '../../simulator/controllers/rhoam/rhoam-catalog.ts'
import { rhoamFacts } from '../../threescale/rhoam.ts'
import { commonEnvironment, openControl } from './control.ts'
import { collectEvidence } from './evidence.ts'
import { fault } from './faults.ts'
import { playPeople } from './people.ts'
import { partyState, startProcesses } from './processes.ts'
import { newRehearsalFolder } from './rehearsal-folder.ts'
import { measureSource } from './timings.ts'
import { untilOver } from './until-over.ts'
import { openRehearsalWorld, type RehearsalWorld } from './world.ts'

const motoPrograms = fileURLToPath(new URL('../../../.tools/moto/bin', import.meta.url))
/** How many times as fast as real clusters those of a rehearsal are. */
const speed = 200

/** What a rehearsal decides about the values that edge rows hold: one answer of each kind, so that all are seen. */
const edgeDecisions: Decisions = {
  'zero-date': 'replace',
  'invalid-date': 'replace',
  'time-out-of-range': 'quarantine',
  'nul-byte': 'replace',
  'undecodable-text': 'replace',
  'boolean-out-of-range': 'replace',
  orphan: 'quarantine',
}

interface Options {
  readonly clock: Clock
  readonly env: (name: string) => string | undefined
}
type Closing = (() => Promise<void>)[]

/** A rehearsal on private servers and simulated clusters of this machine, whose data lives in a temporary folder. */
export function localRehearsal(options: Options): Rehearsal {
  return {
    async run(request) {
      mustBePossible(request.world)
      const dir = await newRehearsalFolder()
      const closing: Closing = []
      if (request.keep) request.onEvent({ kind: 'kept', dir })
      try {
        return await rehearse(request, dir, closing, options)
      } finally {
        // What was opened last is closed first; the processes before the world that they work on.
        for (const close of closing.toReversed()) await close()
        if (!request.keep) await rm(dir, { recursive: true, force: true })
      }
    },
  }
}

async function rehearse(
  request: RehearsalRequest,
  dir: string,
  closing: Closing,
  { clock, env }: Options,
): Promise<MigrationView> {
  const { onEvent, signal } = request
  const stage = async <Result>(says: string, work: () => Promise<Result>, outcome: (result: Result) => string) => {
    onEvent({ kind: 'stage-began', says })
    const beganMs = clock.elapsedMs()
    const result = await work()
    onEvent({ kind: 'stage-ended', says: outcome(result), tookMs: clock.elapsedMs() - beganMs })
    return result
  }
  const kept = <Opened extends { close(): Promise<void> }>(opening: Promise<Opened>): Promise<Opened> =>
    opening.then((opened) => {
      closing.push(() => opened.close())
      return opened
    })
  const common = commonEnvironment(env)
  const [world, control] = await stage(
    worldText(request.world),
    async () => {
      const opening = [
        kept(openWorld(request, dir, { clock, env })),
        kept(openControl({ dir, common, clock, signal })),
      ] as const
      // Both are waited for, so that none is left behind when the other fails.
      await Promise.allSettled(opening)
      return Promise.all(opening)
    },
    () => `3scale ${request.world.release} serves; all of it listens on loopback only and ends with the rehearsal`,
  )
  const migration = { ...world.migration, decisions: request.world.edgeRows ? edgeDecisions : {} }
  const plan = compile(runbook, migration)
  const size = await measureSource(world, { dir, clock, signal })
  const config = join(dir, 'migration.yaml')
  await writeFile(config, writeMigration(migration))
  const processes = await stage(
    'Starting the control plane, the engine, and an agent for each party in a process of its own',
    () => startProcesses({ dir, common, config, world, control, closing, signal }),
    ({ all }) => all.map(({ name }) => name).join(', '),
  )
  const people = await playPeople({
    tokens: control.store.tokens,
    engine: control.engine,
    migration: migration.name,
    url: processes.url,
    ca: processes.ca,
    stateOf: (party) => partyState(dir, party),
    byHand: (row) => world.byHand(row),
    clock,
    signal,
  })
  closing.push(async () => people.close())
  onEvent({ kind: 'planned', plan })
  const view = await untilOver({
    engine: control.engine,
    migration: migration.name,
    people,
    processes: processes.all,
    onEvent,
    signal,
  })
  const evidence = await collectEvidence({
    dir,
    view,
    plan,
    control,
    processes: processes.all,
    config,
    migration,
    size,
  })
  await request.onEvidence(evidence)
  return view
}

function openWorld({ world, signal }: RehearsalRequest, dir: string, { clock, env }: Options): Promise<RehearsalWorld> {
  const path = env('PATH') ?? ''
  return openRehearsalWorld({
    ...world,
    dir: join(dir, 'world'),
    speed,
    path,
    clock,
    motoPrograms,
    postgresPrograms: postgresOfPgDump(path),
    signal,
  })
}

function mustBePossible({ release, rhoamVersion, database, edgeRows }: RehearsalWorldRequest): void {
  if (edgeRows && database === 'postgresql') {
    const what = 'a PostgreSQL with edge rows, which are what PostgreSQL cannot store,'
    throw fault('REHEARSAL_NOT_SIMULATED', { what, possible: '--source-database mysql or mariadb' })
  }
  const known = rhoamVersionOf(rhoamVersion) === undefined ? undefined : rhoamFacts(rhoamVersion)
  if (known === undefined) {
    throw fault('REHEARSAL_NOT_SIMULATED', {
      what: `RHOAM ${rhoamVersion}`,
      possible: simulatedRhoamVersions.join(', '),
    })
  }
  if (isAtLeast(known.release, release)) return
  const fitting = simulatedRhoamVersions.filter((version) => isAtLeast(rhoamFacts(version)?.release ?? '2.11', release))
  throw fault('REHEARSAL_NOT_SIMULATED', {
    what: `a move of 3scale ${release} to RHOAM ${rhoamVersion}, which runs ${known.release}`,
    possible: `RHOAM ${fitting.join(', ')}`,
  })
}

function worldText({ release, database, accessLevel, rhoamVersion, tenants, scale }: RehearsalWorldRequest): string {
  return (
    `Making a world: 3scale ${release} on ${database} with ${tenants} tenants (scale ${scale}), three clusters, AWS, ` +
    `RHOAM ${rhoamVersion}; access level ${accessLevel}`
  )
}
