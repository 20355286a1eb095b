import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'

/** What a program needs to run. Secrets go into files, never into `args` or `env`, which others can read. */
export interface ProgramOptions {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Standard output and standard error are appended to it. */
  readonly log: string
  /** Who to run as; only root may ask for it. */
  readonly account?: Account
}

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

export interface ServerProcess {
  readonly pid: number
  /** How it ended, in words for a message; settles once it has. */
  readonly ended: Promise<string>
  /**
   * Sends the signals in turn, the next when the one before did not do it in 20 s, and SIGKILL to its group at last.
   * Resolves once it has ended; does nothing when it already has.
   */
  stop(signals: readonly NodeJS.Signals[]): Promise<void>
}

const patienceMs = 20_000

// The process waits for a word before it becomes the program: by then the guard knows its id.
const starter = 'read -r word <&3 || exit 1; exec "$@" 3<&-'

// Reads the process id, then waits for `released` or for the end of the pipe: that is the end of its parent.
const guard = `
trap '' HUP INT TERM
read -r pid || exit 0
read -r word && exit 0
kill -s "$1" "$pid" 2>/dev/null || exit 0
tries=0
while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 200 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -s KILL -- "-$pid" 2>/dev/null
exit 0`

/**
 * Starts a server that does not outlive this process, even when this process is killed with SIGKILL.
 *
 * Beside the server runs a guard, a shell that holds a pipe from here: at the pipe's end it sends the server
 * `lastSignal`, and after 20 s SIGKILL. The server runs in a session of its own, so that a terminal's Ctrl-C reaches
 * only us, and we end it in order.
 *
 * Faults: rejects with the system's error when the shell cannot be started or a pipe to it does not work; nothing is
 * left running then.
 */
export async function startServerProcess(
  options: ProgramOptions & { readonly lastSignal: 'INT' | 'TERM' },
): Promise<ServerProcess> {
  const log = openSync(options.log, 'a', 0o600)
  const watcher = spawn('/bin/sh', ['-c', guard, 'threeshift-server-guard', options.lastSignal], {
    cwd: '/',
    env: options.env,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const server = spawn('/bin/sh', ['-c', starter, 'threeshift-server', options.program, ...options.args], {
    ...surroundings(options),
    stdio: ['ignore', log, log, 'pipe'],
    detached: true,
  })
  closeSync(log)
  const ended = endOf(server)
  const guardEnded = endOf(watcher)
  // Type only: `stdio` says that there is a pipe.
  const go = server.stdio[3] as Writable
  for (const pipe of [go, watcher.stdin]) pipe.on('error', leaveToWhoWaits)
  if (server.pid === undefined || watcher.pid === undefined) {
    watcher.stdin.end()
    go.end()
    throw new Error(`cannot start /bin/sh for ${options.program}: ${await ended}, ${await guardEnded}`)
  }
  const { pid } = server
  try {
    await send(watcher.stdin, `${pid}\n`)
    await send(go, 'go\n')
    go.end()
  } catch (cause) {
    killGroup(server)
    watcher.stdin.destroy()
    await Promise.all([ended, guardEnded])
    throw new Error(`cannot reach /bin/sh for ${options.program}`, { cause })
  }
  const released = ended.then(async (how) => {
    watcher.stdin.end('released\n')
    await guardEnded
    return how
  })
  return { pid, ended: released, stop: (signals) => stop(server, released, signals) }
}

/**
 * Runs a program to its end. Out: undefined when it worked, else how it ended, in words for a message.
 *
 * Abort: SIGKILL to its process group, then throws the reason.
 */
export async function runToEnd(
  options: ProgramOptions & { readonly signal: AbortSignal },
): Promise<string | undefined> {
  options.signal.throwIfAborted()
  const running = await startServerProcess({ ...options, lastSignal: 'TERM' })
  let stopping: Promise<void> | undefined
  const onAbort = () => {
    stopping = running.stop([])
  }
  if (options.signal.aborted) onAbort()
  else options.signal.addEventListener('abort', onAbort, { once: true })
  try {
    const how = await running.ended
    await stopping
    options.signal.throwIfAborted()
    return how === 'exit code 0' ? undefined : how
  } finally {
    options.signal.removeEventListener('abort', onAbort)
  }
}

function surroundings(options: ProgramOptions) {
  const { account } = options
  return {
    cwd: options.cwd,
    env: options.env,
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
  })
}

async function stop(server: ChildProcess, ended: Promise<string>, signals: readonly NodeJS.Signals[]): Promise<void> {
  for (const signal of signals) {
    server.kill(signal)
    if (await endsWithin(ended, patienceMs)) return
  }
  killGroup(server)
  await ended
  await untilGroupIsGone(server)
}

/** The group's other members end a moment after the one that we hear of; one that nobody collects is not waited for. */
async function untilGroupIsGone(server: ChildProcess): Promise<void> {
  if (server.pid === undefined) return
  for (let waitedMs = 0; waitedMs < 2000; waitedMs += 5) {
    try {
      process.kill(-server.pid, 0)
    } catch {
      return
    }
    await wait(5)
  }
}

async function endsWithin(ended: Promise<string>, ms: number): Promise<boolean> {
  const patience = new AbortController()
  try {
    return await Promise.race([ended.then(() => true), wait(ms, false, { signal: patience.signal })])
  } finally {
    patience.abort()
  }
}

function killGroup(server: ChildProcess): void {
  // Once it has ended its id may be somebody else's.
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return
  try {
    process.kill(-server.pid, 'SIGKILL')
  } catch (error) {
    // It ended in this very moment, which is what the signal was for.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

// The pipe's other end is gone: EPIPE to who writes, ECONNRESET to who reads, for Node's pipes are socket pairs.
const goneCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET'])

/** Writes a word to a child. A child that is already gone is not waited for: its end is heard of elsewhere. */
function send(pipe: Writable, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    pipe.write(word, (error?: NodeJS.ErrnoException | null) => {
      if (error && !goneCodes.has(error.code)) reject(error)
      else resolve()
    })
  })
}

/** What fails a write reaches `send`; whatever else breaks a pipe ends the child that reads it, and `endOf` tells. */
function leaveToWhoWaits(): void {}
