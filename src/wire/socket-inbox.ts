import type { Duplex } from 'node:stream'
import { ConnectionLost } from './connection-errors.ts'
import { freeBuffer } from './free-buffer.ts'
import { RingSocket } from './ring-socket.ts'

/** The socket is held back while more than the first wait unread, until no more than the second do. */
const mostWaitingBytes = 256 * 1024
const fewWaitingBytes = 128 * 1024
/** A piece that lies across chunks is put together in a buffer that is kept, up to this size. */
const mostKeptBytes = 1024 * 1024
const leastKeptBytes = 64 * 1024

const nothing = Buffer.alloc(0)

/**
 * Takes the bytes that come in on a socket, and shows them as a window that is moved over them.
 *
 * The window, `bytes[at, end)`, is what is left of the chunk being read; whoever reads moves `at`. A piece that lies
 * across chunks is asked for with `has` and copied once, into a window of its own. What the window showed is valid until
 * `has`, `take` or `arrived` is called.
 *
 * Backpressure: the socket is paused while more than 256 KiB wait unread. A lost connection is told only after the bytes
 * that came before; `destroy` drops them.
 */
export class SocketInbox {
  bytes: Buffer = nothing
  at = 0
  end = 0
  readonly #socket: Duplex
  readonly #queue: Buffer[] = []
  /** How much of the first chunk in the queue is used up. */
  #headAt = 0
  #waitingBytes = 0
  #paused = false
  #kept: Buffer = nothing
  /** The last piece that was too large to be kept, which is freed when the next is begun. */
  #large: Buffer | null = null
  /** The piece that is being put together, of which `#filled` of `#wanted` are there; the window is empty meanwhile. */
  #piece: Buffer | null = null
  #wanted = 0
  #filled = 0
  #failure: { readonly error: unknown } | null = null
  #waiter: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null = null
  readonly #onData = (chunk: Buffer) => this.#receive(chunk)
  readonly #onError = (error: NodeJS.ErrnoException) => this.#fail(new ConnectionLost(error.code, error))
  readonly #onEnd = () => this.#fail(new ConnectionLost())

  /** From now on the socket's bytes, its end and its errors come here. */
  constructor(socket: Duplex) {
    this.#socket = socket
    if (socket instanceof RingSocket) socket.lending = true
    socket.on('data', this.#onData)
    socket.on('error', this.#onError)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onEnd)
    if (socket.destroyed) this.#onEnd()
  }

  /** Whether the window shows at least `count` bytes; makes it so if they have arrived. */
  has(count: number): boolean {
    return this.end - this.at >= count || this.#gather(count)
  }

  /** Moves up to `most` bytes of those that have arrived into `target` at `at`; gives how many. */
  take(target: Buffer, at: number, most: number): number {
    let taken = 0
    while (taken < most && (this.at < this.end || this.#advance())) {
      const count = Math.min(most - taken, this.end - this.at)
      this.bytes.copy(target, at + taken, this.at, this.at + count)
      this.at += count
      taken += count
    }
    return taken
  }

  /** Resolves when there are bytes beyond those that `has` has seen. Rejects with what ended the connection. */
  arrived(): Promise<void> {
    if (this.#queue.length > 0) return Promise.resolve()
    if (this.#failure !== null) return Promise.reject(asError(this.#failure.error))
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
    })
  }

  /** Ends the connection at once: what waits is dropped, and whoever waits gets `error`. */
  destroy(error: unknown): void {
    this.#fail(error)
    this.#drop()
    this.#socket.destroy()
  }

  /** Lets go of the socket, which flows again; gives the bytes that were not read. */
  release(): Buffer {
    const rest = Buffer.concat([
      this.bytes.subarray(this.at, this.end),
      ...this.#queue.map((chunk, i) => (i === 0 ? chunk.subarray(this.#headAt) : chunk)),
    ])
    this.#drop()
    if (this.#socket instanceof RingSocket) this.#socket.lending = false
    this.#socket.off('data', this.#onData)
    this.#socket.off('error', this.#onError)
    this.#socket.off('end', this.#onEnd)
    this.#socket.off('close', this.#onEnd)
    if (this.#paused) this.#socket.resume()
    return rest
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== null) return
    this.#queue.push(chunk)
    this.#waitingBytes += chunk.length
    if (!this.#paused && this.#waitingBytes > mostWaitingBytes) {
      this.#paused = true
      this.#socket.pause()
    }
    this.#waiter?.resolve()
    this.#waiter = null
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure = { error }
    this.#waiter?.reject(error)
    this.#waiter = null
  }

  /** Shows the next chunk, or what is left of it; false when there is none. */
  #advance(): boolean {
    const chunk = this.#queue.shift()
    if (chunk === undefined) return false
    this.bytes = chunk
    this.at = this.#headAt
    this.end = chunk.length
    this.#headAt = 0
    this.#received(this.end - this.at)
    return true
  }

  #gather(count: number): boolean {
    if (this.#piece === null) {
      if (this.at === this.end && !this.#advance()) return false
      if (this.end - this.at >= count) return true
    }
    const piece = this.#piece ?? this.#beginPiece(count)
    if (!this.#fill(piece)) return false
    this.bytes = piece
    this.at = 0
    this.end = this.#wanted
    this.#piece = null
    return this.has(count)
  }

  /** Moves bytes of the queue into the piece until it is whole. */
  #fill(piece: Buffer): boolean {
    while (this.#filled < this.#wanted) {
      const chunk = this.#queue[0]
      if (chunk === undefined) return false
      const from = this.#headAt
      const taken = chunk.copy(piece, this.#filled, from, Math.min(chunk.length, from + this.#wanted - this.#filled))
      this.#filled += taken
      this.#headAt = from + taken
      if (this.#headAt === chunk.length) {
        this.#queue.shift()
        this.#headAt = 0
      }
      this.#received(taken)
    }
    return true
  }

  /** Begins a piece with what is left in the window. */
  #beginPiece(count: number): Buffer {
    const spent = this.#large
    this.#large = count > mostKeptBytes ? Buffer.allocUnsafeSlow(count) : null
    if (this.#large === null && this.#kept.length < count) {
      this.#kept = Buffer.allocUnsafeSlow(Math.max(leastKeptBytes, 2 * count))
    }
    const piece = this.#large ?? this.#kept
    this.#piece = piece
    this.#wanted = count
    this.#filled = this.bytes.copy(piece, 0, this.at, this.end)
    this.bytes = nothing
    this.at = 0
    this.end = 0
    if (spent !== null) freeBuffer(spent)
    return piece
  }

  #received(count: number): void {
    this.#waitingBytes -= count
    if (!this.#paused || this.#waitingBytes > fewWaitingBytes) return
    this.#paused = false
    this.#socket.resume()
  }

  #drop(): void {
    this.bytes = nothing
    this.at = 0
    this.end = 0
    this.#queue.length = 0
    this.#headAt = 0
    this.#waitingBytes = 0
    this.#piece = null
    this.#large = null
    this.#kept = nothing
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('bug: something that is no error ended a connection')
}
