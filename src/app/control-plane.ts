import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { Secret } from '../base/secret.ts'
import { errnoOf } from '../cli/errno.ts'
import { fault } from '../cli/faults.ts'
import type { EngineEvent } from '../engine/events.ts'
import type {
  AgentRequest,
  ControlPlaneAccess,
  ControlPlaneStore,
  PartyPerson,
  ServeRequest,
  VisitRequest,
} from '../ports/control-plane.ts'
import type { Steps } from '../ports/step.ts'
import { agentNote, controlNote } from './control-notes.ts'
import { textOf } from './engine-access.ts'
import { openDatabase, stateFolder } from './engine-database.ts'
import { selfMadeTls } from './self-made-tls.ts'

interface Options {
  readonly env: (name: string) => string | undefined
  readonly cwd: string
  readonly clock: Clock
  /** What this machine's agent can run. */
  readonly steps: Steps
}

/** The control plane and agents for commands. What each needs is loaded when it is used. */
export function controlPlaneAccess(options: Options): ControlPlaneAccess {
  const keyFolder = () => join(stateFolder(options.env, options.cwd), 'keys')
  return {
    keyFolder,
    open: (request) => openStore(options, keyFolder(), request),
    serve: (request) => serve(options, keyFolder(), request),
    runAgent: (request) => runAgentHere(options, keyFolder(), request),
    visit: (request) => visit(options, keyFolder(), request),
  }
}

async function openStore(
  { env, cwd, clock }: Options,
  keyFolder: string,
  { onNote, signal }: Parameters<ControlPlaneAccess['open']>[0],
): Promise<ControlPlaneStore> {
  const [{ Store }, { openEngine }, { partyTokens }, { databaseJournal, forgetKey }, read, { loadOrCreateKey }] =
    await Promise.all([
      import('../engine/store.ts'),
      import('../engine/engine.ts'),
      import('../engine/agents/tokens.ts'),
      import('../engine/journal/append.ts'),
      import('../engine/journal/read.ts'),
      import('../evidence/key-file.ts'),
    ])
  const database = await openDatabase(env, stateFolder(env, cwd), signal)
  try {
    const { url } = database
    const onEvent = noting(onNote)
    const journal = (tables: Parameters<typeof databaseJournal>[0]) =>
      databaseJournal(tables, () => loadOrCreateKey(keyFolder, 'control-plane'), clock)
    // Makes the tables, and says when the database cannot be reached. It starts no migration: the limit is never asked for.
    const engine = await openEngine({ url, journal, migrationsPerCustomer: 0, worker: null, onEvent, signal })
    const store = new Store(url, onEvent)
    return {
      tokens: partyTokens(store),
      forgetKey: async (party, by) =>
        forgetKey(store, party, { by, key: await loadOrCreateKey(keyFolder, 'control-plane'), clock }),
      journal: (migration) => store.write((tx) => read.readJournal(tx, migration)),
      plan: (migration) => store.write((tx) => read.readPlan(tx, migration)),
      close: async () => {
        await store.close()
        await engine.close()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

async function serve({ env, cwd, clock }: Options, keyFolder: string, request: ServeRequest): Promise<void> {
  const state = stateFolder(env, cwd)
  const [
    { Store },
    { openEngine },
    { openOutcomeSender },
    { databaseDesk },
    { databaseJournal },
    { loadOrCreateKey },
    { startControlPlane },
  ] = await Promise.all([
    import('../engine/store.ts'),
    import('../engine/engine.ts'),
    import('../engine/send-outcome.ts'),
    import('../engine/agents/desk.ts'),
    import('../engine/journal/append.ts'),
    import('../evidence/key-file.ts'),
    import('../server/control-plane.ts'),
  ])
  const { host, port, signal, onNote } = request
  const key = () => loadOrCreateKey(keyFolder, 'control-plane')
  const onEvent = noting(onNote)
  const closers: (() => Promise<void>)[] = []
  try {
    const database = await openDatabase(env, state, signal)
    closers.push(() => database.close())
    const { url } = database
    const journal = (tables: Parameters<typeof databaseJournal>[0]) => databaseJournal(tables, key, clock)
    // It starts no migration, so the limit is never asked for.
    const engine = await openEngine({ url, journal, migrationsPerCustomer: 0, worker: null, onEvent, signal })
    closers.push(() => engine.close())
    const store = new Store(url, onEvent)
    closers.push(() => store.close())
    const sender = await openOutcomeSender(url, onEvent)
    closers.push(() => sender.close())
    const desk = databaseDesk({
      database: store,
      key,
      clock,
      sendOutcome: (tx, task, outcome) => sender.send(tx, task, outcome),
      onProgress: (at, progress) => engine.progress(at, progress),
      leaseMs: request.leaseMs,
    })
    const made = request.tls === null ? await selfMadeTls(join(state, 'tls'), request.names, clock, onNote) : null
    const tls = made ?? (await readTls(request.tls, cwd))
    const server = await startControlPlane({
      desk,
      engine,
      key: tls.key,
      certificate: tls.certificate,
      host,
      port,
      clock,
      onEvent: (event) => {
        const line = controlNote(event)
        if (line !== null) onNote(line)
      },
    })
    closers.push(() => server.close())
    request.onListening({ port: server.port, ca: made?.file ?? null })
    await untilAborted(signal)
  } finally {
    // What was opened last is closed first.
    for (const close of closers.toReversed()) await close()
  }
}

async function runAgentHere(
  { env, clock, steps }: Options,
  keyFolder: string,
  { party, server, token, ca, onNote, signal }: AgentRequest,
): Promise<void> {
  const [{ runAgent }, { controlClient }, { verbRunner }, { loadOrCreateKey }] = await Promise.all([
    import('../agent/agent.ts'),
    import('../agent/control-client.ts'),
    import('../engine/run-verb.ts'),
    import('../evidence/key-file.ts'),
  ])
  const client = controlClient({ url: server, token, ca, proxy: proxyOf(env) })
  try {
    await runAgent({
      client,
      party,
      runner: verbRunner(steps, (where, error) => {
        onNote(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      }),
      key: () => loadOrCreateKey(keyFolder, party),
      clock,
      onEvent: (event) => onNote(agentNote(event)),
      signal,
    })
  } finally {
    client.close()
  }
}

async function visit(
  { env, clock }: Options,
  keyFolder: string,
  { server, token, ca, signal }: VisitRequest,
): Promise<PartyPerson> {
  const [{ partyPerson }, { controlClient }, { loadOrCreateKey }] = await Promise.all([
    import('../agent/party-person.ts'),
    import('../agent/control-client.ts'),
    import('../evidence/key-file.ts'),
  ])
  const client = controlClient({ url: server, token, ca, proxy: proxyOf(env) })
  return partyPerson({ client, url: server, key: (party) => loadOrCreateKey(keyFolder, party), clock, signal })
}

function proxyOf(env: Options['env']): Readonly<Record<string, string>> {
  const names = ['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

async function readTls(
  files: ServeRequest['tls'],
  cwd: string,
): Promise<{ readonly key: Secret; readonly certificate: string }> {
  if (files === null) throw new Error('bug: no certificate was given or made')
  const read = (file: string) =>
    readFile(resolve(cwd, file), 'utf8').catch((cause: unknown) => {
      throw fault('FILE_UNREADABLE', { file, reason: errnoOf(cause) }, cause)
    })
  return { key: new Secret(await read(files.key)), certificate: await read(files.certificate) }
}

function noting(onNote: (line: string) => void): (event: EngineEvent) => void {
  return (event) => {
    const line = textOf(event)
    if (line !== null) onNote(line)
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
