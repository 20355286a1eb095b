import { rest } from '../../base/abort.ts'
import { fault } from './faults.ts'
import { freePort, isTaken } from './free-port.ts'
import type { RunningServer } from './local-server.ts'
import type { ServerFolder } from './server-folder.ts'
import type { ServerProcess } from './server-process.ts'

/** What differs between the kinds of server. */
export interface Startable {
  /** The product's name, for messages. */
  readonly name: string
  readonly folder: ServerFolder
  readonly stopSignals: readonly NodeJS.Signals[]
  /** The only port that will do, if there is one. */
  readonly port?: number | undefined
  /** Starts the process; it need not listen yet. */
  start(port: number): Promise<ServerProcess>
  /**
   * One attempt to be let in, at most 2 s long; rejects when the server is not ready. It makes sure that whoever answers
   * is this server, by something that only it knows, such as the folder's password.
   */
  knock(port: number): Promise<void>
}

const attempts = 5
const longestWaitMs = 60_000
const betweenKnocksMs = 20

/**
 * Starts a server on a free port of 127.0.0.1 (on another one when somebody took it first) or on the port that is asked
 * for, and returns it once it lets us in.
 *
 * Faults: SERVER_NOT_STARTED, SERVER_NOT_READY. Abort: ends the server, waits for that, throws the reason.
 */
export async function startOnFreePort(startable: Startable, signal: AbortSignal): Promise<RunningServer> {
  const { name, folder } = startable
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    const port = startable.port ?? (await freePort())
    const running = await startable.start(port)
    const outcome = await folder
      .remember(running.pid)
      .then(() => firstOutcome(startable, running, port, signal))
      .catch(async (error: unknown) => {
        await running.stop(startable.stopSignals)
        throw error
      })
    if (outcome.kind === 'ready') return runningServer(startable, running, port)
    if (attempt < attempts && (await isTaken(port))) continue
    throw fault('SERVER_NOT_STARTED', { server: name, how: outcome.how, log: folder.log })
  }
}

type Outcome = { readonly kind: 'ready' } | { readonly kind: 'ended'; readonly how: string }

async function firstOutcome(
  startable: Startable,
  running: ServerProcess,
  port: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const over = new AbortController()
  const deadline = AbortSignal.timeout(longestWaitMs)
  const untilThen = AbortSignal.any([signal, deadline, over.signal])
  const ended = running.ended.then((how): Outcome => {
    over.abort()
    return { kind: 'ended', how }
  })
  const isReady = await knockUntil(startable, port, untilThen)
  if (isReady) return { kind: 'ready' }
  signal.throwIfAborted()
  if (over.signal.aborted) return ended
  throw fault('SERVER_NOT_READY', { server: startable.name, waitedMs: longestWaitMs, log: startable.folder.log })
}

async function knockUntil(startable: Startable, port: number, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const letIn = await startable.knock(port).then(
      () => true,
      () => false,
    )
    if (letIn) return !signal.aborted
    await rest(betweenKnocksMs, signal)
  }
  return false
}

function runningServer(startable: Startable, running: ServerProcess, port: number): RunningServer {
  let stopping: Promise<void> | undefined
  return {
    host: '127.0.0.1',
    port,
    pid: running.pid,
    stop: () => {
      stopping ??= running.stop(startable.stopSignals)
      return stopping
    },
  }
}
