import type { ClientRequest, IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import type { Dialer } from './access.ts'
import { type Failure, failureOf, reasonOf } from './failure.ts'
import { readStatus } from './status.ts'

/** The streams of an exec, each message's first byte. `status` comes once, at the end. */
export const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3 } as const

export interface ExecMessage {
  readonly channel: number
  /** Yours. */
  readonly bytes: Buffer
}

export interface SocketTiming {
  /** Milliseconds until the cluster has taken the request. */
  readonly silenceMs: number
  readonly pingMs: number
}

/**
 * The WebSocket of one exec. Reading is pulled: while nobody pulls, the other side is held up. Writing waits until the
 * bytes have left. It ends by itself with the other side; `close` ends it at once and may be called again.
 */
export class ExecSocket {
  readonly #socket: WebSocket
  readonly #queue: ExecMessage[] = []
  #wake: (() => void) | null = null
  #end: { readonly reason: string } | null = null
  #heard = true
  #missed = 0
  readonly #pings: NodeJS.Timeout

  /** Once. A failure means that nothing has been started, as far as the answer to the request tells. */
  static async open(
    dialer: Dialer,
    path: string,
    { silenceMs, pingMs }: SocketTiming,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'ok'; readonly result: ExecSocket } | Failure> {
    signal.throwIfAborted()
    const options = await dialer.options()
    const url = `${dialer.server.replace(/^https:/, 'wss:')}${path}`
    // The two that report exit codes; neither half-closes on every cluster, and nothing here needs that.
    const socket = new WebSocket(url, ['v5.channel.k8s.io', 'v4.channel.k8s.io'], {
      ...options,
      handshakeTimeout: silenceMs,
      perMessageDeflate: false,
    })
    const opened = Promise.withResolvers<{ readonly kind: 'ok'; readonly result: ExecSocket } | Failure>()
    const onAbort = () => socket.terminate()
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('open', () => opened.resolve({ kind: 'ok', result: new ExecSocket(socket, pingMs) }))
    // Nothing runs before the order to run, which is not given yet.
    socket.on('error', (error) => opened.resolve(failureOf(error, false)))
    socket.once('unexpected-response', (request: ClientRequest, answer: IncomingMessage) => {
      opened.resolve(refusalOf(answer).finally(() => request.destroy()))
    })
    try {
      const outcome = await opened.promise
      signal.throwIfAborted()
      return outcome
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  private constructor(socket: WebSocket, pingMs: number) {
    this.#socket = socket
    socket.on('message', (data, isBinary) => this.#take(data, isBinary))
    socket.on('pong', () => (this.#heard = true))
    socket.on('error', (error) => this.#finish({ reason: reasonOf(error) }))
    socket.on('close', (code) => this.#finish({ reason: `closed with ${code}` }))
    this.#pings = setInterval(() => this.#ping(), pingMs)
  }

  /** The next message; a reason when there will be none any more. */
  async next(): Promise<ExecMessage | { readonly reason: string }> {
    for (;;) {
      const message = this.#queue.shift()
      if (message !== undefined) return message
      if (this.#end !== null) return this.#end
      const woken = Promise.withResolvers<void>()
      this.#wake = woken.resolve
      this.#socket.resume()
      await woken.promise
    }
  }

  /** Returns once the bytes are out, or the socket has ended: then reading tells. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#end !== null) return
    const message = Buffer.allocUnsafe(bytes.length + 1)
    message[0] = channel.stdin
    message.set(bytes, 1)
    await new Promise<void>((resolve) => this.#socket.send(message, () => resolve()))
  }

  close(): void {
    clearInterval(this.#pings)
    this.#socket.terminate()
  }

  #take(data: WebSocket.RawData, isBinary: boolean): void {
    this.#heard = true
    // `nodebuffer` is the default of ws: every message is one buffer.
    const bytes = data as Buffer
    const from = bytes[0]
    if (!isBinary || from === undefined) return
    // The rest of what has arrived may still follow; it is as much as one read of a socket.
    this.#socket.pause()
    this.#queue.push({ channel: from, bytes: bytes.subarray(1) })
    this.#wake?.()
  }

  #finish(end: { readonly reason: string }): void {
    clearInterval(this.#pings)
    this.#end ??= end
    this.#wake?.()
  }

  /** A socket that is held up on purpose hears nothing, and is not dead. */
  #ping(): void {
    if (this.#socket.isPaused) return
    this.#missed = this.#heard ? 0 : this.#missed + 1
    this.#heard = false
    if (this.#missed >= 2) {
      this.#finish({ reason: 'silent' })
      this.#socket.terminate()
    } else this.#socket.ping()
  }
}

async function refusalOf(answer: IncomingMessage): Promise<Failure> {
  const pieces: Buffer[] = []
  try {
    // A message without an encoding gives buffers.
    for await (const piece of answer) if (pieces.length < 64) pieces.push(piece as Buffer)
  } catch {
    // What came of the refusal is enough: its status is known.
  }
  const after = answer.headers['retry-after']
  return { kind: 'refused', status: answer.statusCode ?? 0, answer: readStatus(parse(Buffer.concat(pieces)), after) }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return null
  }
}
