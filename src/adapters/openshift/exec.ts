import { createHash, randomUUID } from 'node:crypto'
import type { Fault } from '../../base/fault.ts'
import type { ContainerRef, ExecReport, ExecRequest } from '../../ports/cluster.ts'
import { type Link, persist } from './ask.ts'
import { execScript } from './exec-script.ts'
import { channel, ExecSocket } from './exec-socket.ts'
import { type ExecTrailer, TrailerFilter } from './exec-trailer.ts'
import { faultOf } from './failure.ts'
import { fault } from './faults.ts'
import { type Status, statusSchema } from './status.ts'

const messageBytes = 65_536
const pieceBytes = 1_048_576

/**
 * Runs a program in a container: see `ExecRequest` for the promise, `exec-script.ts` for what runs there.
 *
 * A connection that cannot be made is tried again: nothing has been started. Once it is made, nothing is: whatever goes
 * wrong then is a fault, and the program is killed by the end of its stdin.
 */
export async function exec(link: Link, container: ContainerRef, request: ExecRequest): Promise<ExecReport> {
  const { signal } = request
  signal.throwIfAborted()
  const mark = `threeshift-${randomUUID()}`
  const socket = await open(link, container, request, mark)
  const close = () => socket.close()
  signal.addEventListener('abort', close, { once: true })
  try {
    return await converse(socket, container, request, mark)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', close)
    socket.close()
  }
}

async function open(
  link: Link,
  { namespace, pod, container }: ContainerRef,
  { argv, signal }: ExecRequest,
  mark: string,
): Promise<ExecSocket> {
  const parameters = new URLSearchParams({ container, stdin: 'true', stdout: 'true', stderr: 'true', tty: 'false' })
  for (const word of ['/bin/sh', '-c', execScript, 'sh', mark, ...argv]) parameters.append('command', word)
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/exec?${parameters.toString()}`
  const question = {
    doing: `exec in pods ${namespace}/${pod}`,
    right: `get and create on pods/exec in the namespace ${namespace}`,
    changes: false,
  }
  const what = { method: 'GET', path, repeat: 'again', signal, ...question } as const
  const opened = await persist(link, what, () => ExecSocket.open(link.dialer, path, link.timing, signal))
  if (opened.kind === 'ok') return opened.result
  const refused = opened.kind === 'refused' && (opened.status === 400 || opened.status >= 500)
  if (refused) throw notStarted({ namespace, pod, container }, argv, `HTTP ${opened.status} ${opened.answer.reason}`)
  throw faultOf(opened, { ...question, server: link.dialer.server })
}

/** Both directions at once. The first failure ends the other, and is thrown when both have ended. */
async function converse(
  socket: ExecSocket,
  container: ContainerRef,
  request: ExecRequest,
  mark: string,
): Promise<ExecReport> {
  const over = Promise.withResolvers<null>()
  const sent = send(socket, request, over.promise).catch((error: unknown) => {
    socket.close()
    throw error
  })
  const received = receive(socket, request, mark).finally(() => over.resolve(null))
  const [sending, receiving] = await Promise.allSettled([sent, received])
  if (sending.status === 'rejected') throw sending.reason
  if (receiving.status === 'rejected') throw receiving.reason
  return judge(sending.value, receiving.value, container, request)
}

interface Passed {
  readonly bytes: number
  readonly sha256: string
}

/** Orders, then the program's input in pieces. Ends early when it is `over`. */
async function send(socket: ExecSocket, request: ExecRequest, over: Promise<null>): Promise<Passed> {
  const { secretEnv = {}, stdin } = request
  const hash = createHash('sha256')
  let bytes = 0
  for (const [name, secret] of Object.entries(secretEnv)) {
    const value = Buffer.from(secret.reveal('to give it to a program in a container'))
    if (!/^[A-Za-z_]\w*$/.test(name) || value.includes(0))
      throw new Error(`bug: ${name} cannot be an environment variable`)
    await socket.write(Buffer.concat([Buffer.from(`env ${name} ${value.length}\n`), value]))
  }
  await socket.write(Buffer.from(stdin === undefined ? 'run\n' : 'run input\n'))
  if (stdin !== undefined) {
    const pieces = stdin[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([pieces.next(), over])
      if (next === null) {
        // Whoever reads the source is told that no more is wanted; it may wait for something that never comes.
        void pieces.return?.()
        break
      }
      if (next.done === true) {
        await socket.write(Buffer.from('0\n'))
        break
      }
      hash.update(next.value)
      bytes += next.value.length
      for (const piece of cut(next.value, pieceBytes)) await sendPiece(socket, piece)
    }
  }
  return { bytes, sha256: hash.digest('hex') }
}

async function sendPiece(socket: ExecSocket, piece: Uint8Array): Promise<void> {
  await socket.write(Buffer.from(`${piece.length}\n`))
  for (const message of cut(piece, messageBytes)) await socket.write(message)
}

function* cut(bytes: Uint8Array, mostBytes: number): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += mostBytes) yield bytes.subarray(from, from + mostBytes)
}

interface Received {
  readonly stdout: Passed
  readonly trailer: ExecTrailer | null
  /** Null: it never came. */
  readonly status: Status | null
  /** Why the connection ended. */
  readonly end: string
}

/** Everything that comes, until the connection ends: the status may overtake the last bytes. */
async function receive(socket: ExecSocket, request: ExecRequest, mark: string): Promise<Received> {
  const hash = createHash('sha256')
  const filter = new TrailerFilter(mark)
  let bytes = 0
  let status: Status | null = null
  try {
    for (;;) {
      const message = await socket.next()
      if ('reason' in message) {
        const { trailer, rest } = filter.end()
        if (rest.length > 0) await request.onStderr?.(rest)
        return { stdout: { bytes, sha256: hash.digest('hex') }, trailer, status, end: message.reason }
      }
      if (message.channel === channel.stdout) {
        bytes += message.bytes.length
        hash.update(message.bytes)
        await request.onStdout?.(message.bytes)
      } else if (message.channel === channel.stderr) {
        const safe = filter.take(message.bytes)
        if (safe.length > 0) await request.onStderr?.(safe)
      } else if (message.channel === channel.status) status = readEnd(message.bytes)
    }
  } catch (error) {
    socket.close()
    throw error
  }
}

function readEnd(bytes: Buffer): Status | null {
  try {
    return statusSchema.safeParse({ kind: 'Status', ...Object(JSON.parse(bytes.toString())) }).data ?? null
  } catch {
    return null
  }
}

/** Success only when status, account and bytes agree. */
function judge(sent: Passed, received: Received, container: ContainerRef, request: ExecRequest): ExecReport {
  const { stdout, trailer, status, end } = received
  const { argv, acceptedExitCodes = [0] } = request
  const at = { program: argv[0] ?? '', container: describe(container) }
  if (status === null) throw fault('OPENSHIFT_EXEC_CUT', { ...at, reason: end })
  const exitCode = exitCodeOf(status)
  if (trailer === null) {
    if (exitCode === null || [125, 126, 127].includes(exitCode)) {
      throw notStarted(container, argv, exitCode === null ? status.reason : `the shell ended with ${exitCode}`)
    }
    throw fault('OPENSHIFT_EXEC_CUT', { ...at, reason: `it ended with ${exitCode}, without an account of its bytes` })
  }
  if (exitCode !== trailer.exitCode) {
    const reason = `exit code ${trailer.exitCode} there, ${exitCode ?? 'none'} here`
    throw fault('OPENSHIFT_EXEC_INCOMPLETE', { ...at, reason })
  }
  if (!same(stdout, trailer.stdout)) {
    const reason = `${trailer.stdout.bytes} bytes there, ${stdout.bytes} here`
    throw fault('OPENSHIFT_EXEC_INCOMPLETE', { ...at, reason })
  }
  if (acceptedExitCodes !== 'any' && !acceptedExitCodes.includes(exitCode)) {
    throw fault('OPENSHIFT_EXEC_FAILED', { ...at, exitCode })
  }
  const inputTaken = same(sent, trailer.stdin)
  if (!inputTaken && exitCode === 0) throw fault('OPENSHIFT_EXEC_INPUT_LEFT', at)
  return { exitCode, stdout, stdin: trailer.stdin, inputTaken }
}

function same(one: Passed, other: Passed): boolean {
  return one.bytes === other.bytes && one.sha256 === other.sha256
}

/** Null: the program was not run, or nobody knows how it ended. */
function exitCodeOf(status: Status): number | null {
  if (status.status === 'Success') return 0
  const code = status.details?.causes.find((cause) => cause.reason === 'ExitCode')?.message
  return code !== undefined && /^\d{1,3}$/.test(code) ? Number(code) : null
}

function notStarted(container: ContainerRef, argv: readonly string[], reason: string): Fault {
  return fault('OPENSHIFT_EXEC_NOT_STARTED', { program: argv[0] ?? '', container: describe(container), reason })
}

function describe({ namespace, pod, container }: ContainerRef): string {
  return `${namespace}/${pod}/${container}`
}
