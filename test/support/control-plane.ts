import { randomUUID } from 'node:crypto'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { Pool } from 'pg'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import { makeCertificate } from '../../src/base/self-made-certificate.ts'
import { databaseDesk } from '../../src/engine/agents/desk.ts'
import { databasePartyTasks } from '../../src/engine/agents/party-tasks.ts'
import { partyTokens } from '../../src/engine/agents/tokens.ts'
import { openEngine } from '../../src/engine/engine.ts'
import type { EngineEvent } from '../../src/engine/events.ts'
import { databaseJournal } from '../../src/engine/journal/append.ts'
import { poolDatabase } from './pool-database.ts'
import { readJournal } from '../../src/engine/journal/read.ts'
import { createAgentTables } from '../../src/engine/journal/tables.ts'
import { verbRunner } from '../../src/engine/run-verb.ts'
import { openOutcomeSender } from '../../src/engine/send-outcome.ts'
import type { SigningKey } from '../../src/evidence/signing-key.ts'
import type { Party } from '../../src/model/party.ts'
import type { TokenRole } from '../../src/ports/agent-desk.ts'
import type { Steps } from '../../src/ports/step.ts'
import { type ControlPlane, startControlPlane } from '../../src/server/control-plane.ts'
import type { ControlEvent } from '../../src/server/events.ts'
import { makeKey } from './chains.ts'

const opened = new AbortController().signal
const quiet = () => undefined

/** Everything that a control plane consists of, in this process, on an engine's database of its own. */
export async function openControlBench(
  url: Secret,
  steps: Steps,
  options: {
    readonly leaseMs: number
    readonly key?: SigningKey
    readonly serve: boolean
    readonly clock?: Clock
    readonly onEvent?: (event: EngineEvent) => void
  },
) {
  const pool = new Pool({ connectionString: url.reveal('a test'), max: 12 })
  pool.on('error', () => undefined)
  const database = poolDatabase(pool)
  await createAgentTables(database)
  const key = options.key ?? makeKey('control-plane')
  const { clock = systemClock, onEvent = quiet } = options
  const engine = await openEngine({
    url,
    journal: (tables) => databaseJournal(tables, async () => key, clock),
    migrationsPerCustomer: 1000,
    worker: {
      executor: `test-${randomUUID().slice(0, 8)}`,
      runner: verbRunner(steps, quiet),
      partyTasks: databasePartyTasks,
      chunks: new Map(),
      chunksAtOnce: 1,
      clock,
    },
    onEvent,
    signal: opened,
  })
  const sender = await openOutcomeSender(url, quiet)
  const desk = databaseDesk({
    database,
    key: async () => key,
    clock,
    leaseMs: options.leaseMs,
    sendOutcome: (tx, task, outcome) => sender.send(tx, task, outcome),
    onProgress: (at, progress) => engine.progress(at, progress),
  })
  const now = clock.now()
  const tls = makeCertificate(['localhost', '127.0.0.1'], { from: now - 60_000, until: now + 86_400_000 })
  const events: ControlEvent[] = []
  const server: ControlPlane | null = options.serve
    ? await startControlPlane({
        desk,
        engine,
        key: new Secret(tls.key),
        certificate: tls.certificate,
        host: '127.0.0.1',
        port: 0,
        clock,
        onEvent: (event) => events.push(event),
      })
    : null
  const tokens = partyTokens(database)
  return {
    pool,
    engine,
    desk,
    tokens,
    events,
    certificate: tls.certificate,
    url: `https://localhost:${server?.port ?? 0}`,
    token: async (party: Party, role: TokenRole, name: string, migrations: readonly string[] | null = null) =>
      (await tokens.create({ party, role, name, migrations })).token,
    lines: (migration: string) => database.write((tx) => readJournal(tx, migration)),
    async close() {
      await server?.close()
      await engine.close()
      await sender.close()
      await pool.end()
    },
  }
}

/** One request as a script would make it; gives status and body as they come. */
export async function ask(
  bench: { readonly url: string; readonly certificate: string },
  token: Secret | null,
  method: string,
  route: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly code: string; readonly body: Record<string, unknown> }> {
  const sent = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = await new Promise<{ status: number; content: string }>((resolve, reject) => {
    const authorization = token === null ? {} : { authorization: `Bearer ${token.reveal('a test')}` }
    const headers = { ...authorization, ...(sent === undefined ? {} : { 'content-type': 'application/json' }) }
    const asked = request(new URL(route, bench.url), { method, headers, ca: bench.certificate }, (response) => {
      text(response).then((content) => resolve({ status: response.statusCode ?? 0, content }), reject)
    })
    asked.once('error', reject)
    asked.end(sent)
  })
  const parsed = answer.content === '' ? {} : (JSON.parse(answer.content) as Record<string, unknown>)
  const code = (parsed.fault as { code?: string } | undefined)?.code ?? ''
  return { status: answer.status, code, body: parsed }
}
