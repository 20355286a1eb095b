import { DBOS } from '@dbos-inc/dbos-sdk'
import { Pool } from 'pg'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import { databaseDesk, type DeskOptions } from '../../src/engine/agents/desk.ts'
import { databasePartyTasks } from '../../src/engine/agents/party-tasks.ts'
import { partyTokens } from '../../src/engine/agents/tokens.ts'
import { databaseJournal } from '../../src/engine/journal/append.ts'
import type { Database } from '../../src/engine/journal/database.ts'
import { poolDatabase } from './pool-database.ts'
import { readJournal } from '../../src/engine/journal/read.ts'
import { createAgentTables } from '../../src/engine/journal/tables.ts'
import { type OutcomeSender, openOutcomeSender } from '../../src/engine/send-outcome.ts'
import { application } from '../../src/engine/workflow-id.ts'
import { reportedVerb } from '../../src/evidence/reported-verb.ts'
import type { SigningKey } from '../../src/evidence/signing-key.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Party } from '../../src/model/party.ts'
import type { Progress } from '../../src/model/progress.ts'
import type { AgentDesk, Caller, Completion, LeasedTask, TokenRole } from '../../src/ports/agent-desk.ts'
import type { Journal } from '../../src/ports/journal.ts'
import type { PartyTasks, PartyTask } from '../../src/ports/party-tasks.ts'
import type { PartyTokens } from '../../src/ports/party-tokens.ts'
import type { VerbOutcome } from '../../src/ports/verb-runner.ts'
import { makeKey } from './chains.ts'
import type { withServers } from './servers.ts'

/** All of the control plane's database side, on a new database. `close` it. */
export interface DeskBench {
  readonly url: Secret
  readonly pool: Pool
  readonly database: Database
  readonly key: SigningKey
  readonly desk: AgentDesk
  readonly tasks: PartyTasks
  readonly tokens: PartyTokens
  readonly journal: Journal
  readonly progress: Progress[]
  /** A new token's bearer. */
  caller(party: Party, role?: TokenRole, migrations?: readonly string[]): Promise<Caller>
  lines(migration?: string): Promise<readonly string[]>
  close(): Promise<void>
}

let made = 0

/** `leaseMs`: short when leases are to run out. `sender`: in place of the one that sends to DBOS. */
export async function openDeskBench(
  servers: ReturnType<typeof withServers>,
  options: {
    readonly leaseMs?: number
    readonly clock?: Clock
    readonly sendOutcome?: DeskOptions['sendOutcome']
  } = {},
): Promise<DeskBench> {
  const { host, port, user, password } = servers.postgres()
  const name = `desk_${process.pid}_${++made}`
  const base = `postgresql://${user}:${password.reveal('a test')}@${host}:${port}`
  const admin = new Pool({ connectionString: `${base}/postgres`, max: 1 })
  await admin.query(`CREATE DATABASE ${name}`)
  await admin.end()
  const url = new Secret(`${base}/${name}`)
  const pool = new Pool({ connectionString: url.reveal('a test'), max: 12 })
  pool.on('error', () => undefined)
  const database = poolDatabase(pool)
  await createAgentTables(database)
  const key = makeKey('control-plane')
  const clock = options.clock ?? systemClock
  const progress: Progress[] = []
  let sender: OutcomeSender | undefined
  const desk = databaseDesk({
    database,
    key: async () => key,
    clock,
    leaseMs: options.leaseMs ?? 60_000,
    onProgress: async (_at, record) => void progress.push(record),
    sendOutcome:
      options.sendOutcome ??
      (async (...message) => {
        sender ??= await openOutcomeSender(url, () => undefined)
        await sender.send(...message)
      }),
  })
  const tokens = partyTokens(database)
  return {
    url,
    pool,
    database,
    key,
    desk,
    tokens,
    progress,
    tasks: databasePartyTasks(database),
    journal: databaseJournal(database, async () => key, clock),
    async caller(party, role = 'agent', migrations) {
      const { token } = await tokens.create({
        party,
        role,
        name: `${role} of ${party}`,
        migrations: migrations ?? null,
      })
      const caller = await desk.authenticate(token)
      if (caller === null) throw new Error('the new token is nobody’s')
      return caller
    },
    lines: (migration = 'acme') => database.write((tx) => readJournal(tx, migration)),
    async close() {
      await sender?.close()
      await pool.end()
    },
  }
}

/** Runs workflows in this process that wait for one outcome each. `await shutDown()` in the end. */
export async function launchWaiters(url: Secret) {
  const databaseUrl = url.reveal('a test')
  DBOS.setConfig({
    name: application.name,
    systemDatabaseUrl: databaseUrl,
    logLevel: 'error',
    executorID: 'test',
    applicationVersion: 'test',
  })
  const waitFor = DBOS.registerWorkflow(
    async (topic: string) => DBOS.recv<VerbOutcome>(topic, { timeoutSeconds: 120 }),
    { name: 'waitFor' },
  )
  await DBOS.launch()
  return {
    /** Starts a workflow; `result` is the outcome that it is sent. */
    async start(workflow: string, topic: string): Promise<{ readonly result: () => Promise<VerbOutcome | null> }> {
      const handle = await DBOS.startWorkflow(waitFor, { workflowID: workflow })(topic)
      return { result: () => handle.getResult() }
    },
    shutDown: () => DBOS.shutdown({ deregister: true }),
  }
}

export function taskOf(part: Partial<PartyTask> = {}): PartyTask {
  const verb = part.verb ?? 'apply'
  const row = part.row ?? 'dump'
  const generation = part.generation ?? 1
  return {
    id: `wf/${row}/${verb}/${generation}`,
    workflow: 'wf',
    migration: 'acme',
    party: 'customer',
    row,
    verb,
    generation,
    // What the desk does not look into.
    payload: {
      verb,
      generation,
      fence: 1,
      facts: {},
      migration: {},
      row: { id: row },
    } as unknown as PartyTask['payload'],
    ...part,
  }
}

export const applied: VerbOutcome = {
  kind: 'ended',
  verb: 'apply',
  result: { says: 'dumped 3 databases', facts: { sha256: 'ab12', rows: 3 } },
}

/** What an agent says at the end of a task that it leased. */
export function completionOf(
  leased: LeasedTask,
  task: PartyTask,
  caller: Caller,
  key: SigningKey,
  outcome: VerbOutcome = applied,
): Completion {
  const { id, migration, row, verb, generation } = task
  const statement = reportedVerb(
    // An outcome is JSON; its type has no index signature.
    { id, migration, row, verb, generation, outcome: outcome as unknown as JsonObject, tookMs: 12 },
    { party: caller.party, actor: caller.name, at: systemClock.now(), seen: leased.seen },
  )
  return { id, lease: leased.lease, outcome, statement, signature: key.sign('statement', statement) }
}
