import type { Socket } from 'node:net'
import { CommandBlock } from './command-block.ts'
import { type Reply, ReplyParser, RespProtocolError } from './reply-parser.ts'

export interface RespPipeOptions {
  /** Size of a block; a larger command gets a block of its own. */
  readonly blockBytes: number
  /** Blocks that may be on their way at once: `blockBytes * maxBlocks` bounds what is in flight. */
  readonly maxBlocks: number
  readonly signal: AbortSignal
}

export const defaultPipe = { blockBytes: 64 * 1024, maxBlocks: 16 } as const

/** A block is handed on when it holds so many commands or so many expected bytes, however much room is left. */
const maxCommandsPerBlock = 4096
const maxExpectedBytes = 512 * 1024

/** The connection ended while replies were awaited, or could not be written to. `code` is the system's, or empty. */
export class RespConnectionLost extends Error {
  override readonly name = 'RespConnectionLost'
  readonly code: string

  constructor(code: string, cause?: unknown) {
    super(`the connection was lost${code === '' ? '' : ` (${code})`}`, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

interface InFlight {
  readonly block: CommandBlock
  written: boolean
  answered: boolean
}

/**
 * Commands out and replies in over one connected socket, many at a time, with a bound on what is on its way.
 *
 * `acquire` gives an empty block and waits while the bound is reached; `send` hands it over, and it comes back to the
 * pool when the kernel has its bytes and every reply is in. A reply is compared with its prediction by memory
 * comparison; only one that was not predicted or differs is decoded, and goes to the command's check.
 *
 * Ends for good at the first failure: the socket's, the signal's (its reason), a check's, a reply that cannot be.
 */
export class RespPipe {
  readonly #socket: Socket
  readonly #options: RespPipeOptions
  readonly #parser = new ReplyParser()
  readonly #inFlight: InFlight[] = []
  readonly #free: CommandBlock[] = []
  readonly #waiting: {
    readonly ready: () => boolean
    readonly resolve: () => void
    readonly reject: (e: unknown) => void
  }[] = []
  #maxBlocks: number
  #unwritten = 0
  #command = 0
  #matched = 0
  #deciphering = false
  #failure: { readonly error: unknown } | null = null
  #closed = false
  readonly #onAbort = () => this.#fail(this.#options.signal.reason)

  constructor(socket: Socket, options: RespPipeOptions) {
    this.#socket = socket
    this.#options = options
    this.#maxBlocks = options.maxBlocks
    socket.on('data', (piece: Buffer) => this.#take(piece))
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(new RespConnectionLost(error.code ?? '', error)))
    socket.on('close', () => this.#fail(new RespConnectionLost('')))
    if (options.signal.aborted) this.#onAbort()
    else options.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Blocks that may be in flight from now on; at least one, at most what the pipe was opened with. */
  set window(blocks: number) {
    this.#maxBlocks = Math.max(1, Math.min(this.#options.maxBlocks, Math.floor(blocks)))
    this.#wake()
  }

  get window(): number {
    return this.#maxBlocks
  }

  /** An empty block with room for at least `bytes`. Waits while too much is in flight. */
  async acquire(bytes = 0): Promise<CommandBlock> {
    await this.#until(() => this.#inFlight.length < this.#maxBlocks && this.#unwritten < this.#maxBlocks)
    if (bytes > this.#options.blockBytes) return new CommandBlock(bytes)
    return this.#free.pop() ?? new CommandBlock(this.#options.blockBytes)
  }

  /** Whether the block should go out before another command is added. */
  isFull(block: CommandBlock, nextBytes: number): boolean {
    return !block.fits(nextBytes) || block.commandCount >= maxCommandsPerBlock || block.expectedAt >= maxExpectedBytes
  }

  /** Sends a block and owns it from now on. */
  send(block: CommandBlock): void {
    if (this.#failure !== null) throw this.#failure.error
    if (block.commandCount === 0) {
      this.#recycle(block)
      return
    }
    const flight: InFlight = { block, written: false, answered: false }
    this.#inFlight.push(flight)
    this.#unwritten++
    this.#socket.write(block.bytes.subarray(0, block.at), () => {
      flight.written = true
      this.#unwritten--
      if (flight.answered) this.#recycle(block)
      this.#wake()
    })
  }

  /** Waits until every reply is in. */
  async drained(): Promise<void> {
    await this.#until(() => this.#inFlight.length === 0 && this.#unwritten === 0)
  }

  /** One command and its reply, for control; errors come back as `ReplyError` values. */
  async call(...words: readonly (string | Buffer)[]): Promise<Reply> {
    const buffers = words.map((word) => (typeof word === 'string' ? Buffer.from(word) : word))
    const block = new CommandBlock(buffers.reduce((sum, word) => sum + word.length + 16, 16))
    block.array(buffers.length)
    for (const word of buffers) block.word(word, 0, word.length)
    let reply: Reply | undefined
    block.end({ onReply: (value) => (reply = value) })
    this.send(block)
    await this.#until(() => reply !== undefined)
    if (reply === undefined) throw new Error('bug: woken without a reply')
    return reply
  }

  /** Ends the connection; what is in flight is lost. May be called again. */
  close(): void {
    this.#closed = true
    this.#fail(new RespConnectionLost('closed'))
  }

  #until(ready: () => boolean): Promise<void> {
    if (this.#failure !== null) return Promise.reject(asError(this.#failure.error))
    if (ready()) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ ready, resolve, reject }))
  }

  #wake(): void {
    for (let i = 0; i < this.#waiting.length; ) {
      const waiter = this.#waiting[i]
      if (waiter?.ready() === true) {
        this.#waiting.splice(i, 1)
        waiter.resolve()
      } else i++
    }
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure = { error }
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    if (this.#closed) this.#socket.destroySoon()
    else this.#socket.destroy()
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error)
  }

  #take(piece: Buffer): void {
    if (this.#failure !== null) return
    try {
      let at = 0
      while (at < piece.length) at = this.#takeFrom(piece, at)
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#wake()
  }

  #takeFrom(piece: Buffer, at: number): number {
    const flight = this.#inFlight[0]
    if (flight === undefined) throw new RespProtocolError('a reply came that nobody waits for')
    const { block } = flight
    const index = this.#command
    const expectedStart = index === 0 ? 0 : (block.expectedEnds[index - 1] ?? 0)
    const expectedEnd = block.expectedEnds[index] ?? 0
    if (!this.#deciphering && expectedEnd > expectedStart) {
      const from = expectedStart + this.#matched
      const count = Math.min(expectedEnd - from, piece.length - at)
      if (block.expected.compare(piece, at, at + count, from, from + count) === 0) {
        this.#matched += count
        if (from + count === expectedEnd) this.#next(flight)
        return at + count
      }
      // What has matched of this reply is as good as received.
      this.#parser.feed(block.expected, expectedStart, from)
    }
    this.#deciphering = true
    const after = this.#parser.feed(piece, at, piece.length)
    if (!this.#parser.complete) return after
    const start = index === 0 ? 0 : (block.ends[index - 1] ?? 0)
    const request = block.bytes.subarray(start, block.ends[index])
    block.checks[index]?.onReply(this.#parser.take(), request, block.expected.subarray(expectedStart, expectedEnd))
    this.#next(flight)
    return after
  }

  #next(flight: InFlight): void {
    this.#matched = 0
    this.#deciphering = false
    if (++this.#command < flight.block.commandCount) return
    this.#command = 0
    this.#inFlight.shift()
    flight.answered = true
    if (flight.written) this.#recycle(flight.block)
  }

  #recycle(block: CommandBlock): void {
    if (block.bytes.length !== this.#options.blockBytes || this.#free.length >= this.#options.maxBlocks) return
    block.clear()
    this.#free.push(block)
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('bug: something that is no error ended a connection')
}

/** Decodes one whole reply, such as the one that was expected. */
export function decodeReply(bytes: Buffer): Reply {
  const parser = new ReplyParser()
  parser.feed(bytes, 0, bytes.length)
  return parser.take()
}

/** The words of a command as it was sent; for naming what a reply is about. */
export function wordsOf(request: Buffer): readonly Buffer[] {
  const reply = decodeReply(request)
  if (!Array.isArray(reply)) throw new Error('bug: a request is no array')
  return reply.filter((word) => Buffer.isBuffer(word))
}
