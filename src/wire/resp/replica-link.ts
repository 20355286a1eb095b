import type { Socket } from 'node:net'
import { openSocket, type RespAddress } from './connect.ts'
import { ReplyError, ReplyParser, RespProtocolError } from './reply-parser.ts'
import { RespConnectionLost } from './resp-pipe.ts'
import { SyncPayload } from './sync-payload.ts'

/** The server does not take this user for a replica, or refused the login. */
export class SyncRefused extends Error {
  override readonly name = 'SyncRefused'
  readonly command: string
  readonly reply: ReplyError

  constructor(command: string, reply: ReplyError) {
    super(`${command} was refused (${reply.code})`)
    this.command = command
    this.reply = reply
  }
}

/** A place in what a server replicates: its history's name, and how many bytes of it came before. */
export interface ReplicationPlace {
  readonly replid: string
  readonly offset: bigint
}

/**
 * The server's answer to PSYNC. `full`: a snapshot follows, then the commands after `place`. `continued`: the commands
 * after the place that was asked for follow; `replid` is the history's name from now on.
 */
export type SyncAnswer =
  | { readonly kind: 'full'; readonly place: ReplicationPlace }
  | { readonly kind: 'continued'; readonly replid: string }

/** A server that prepares or sends its data, or has nothing to say, shows a sign of life every ten seconds by default. */
const silenceMs = 90_000
const ackEveryMs = 1000
const lineFeed = 0x0a

/**
 * A connection as a replica: greeting, then the snapshot if there is one, then commands for as long as it lives.
 *
 * Between these the socket is paused, and what came too early is put back. `close` ends it and may be called again.
 * Source: Redis `src/replication.c`.
 */
export class ReplicaLink {
  readonly answer: SyncAnswer
  readonly #socket: Socket
  readonly #signal: AbortSignal

  private constructor(socket: Socket, answer: SyncAnswer, signal: AbortSignal) {
    this.#socket = socket
    this.answer = answer
    this.#signal = signal
  }

  /**
   * Connects, logs in and asks for everything (`from` null), or for what came after a place.
   *
   * Throws SyncRefused, RespProtocolError, RespConnectionLost, the TLS error as Node gives it. Abort, then and later:
   * ends the connection and throws the signal's reason.
   */
  static async open(address: RespAddress, from: ReplicationPlace | null, signal: AbortSignal): Promise<ReplicaLink> {
    const socket = await openSocket(address, signal)
    // Whatever comes while nobody listens is found out by who listens next.
    socket.on('error', () => undefined)
    try {
      return new ReplicaLink(socket, await greet(socket, address, from, signal), signal)
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  /** Gives the snapshot's bytes to `write`, synchronously and in order, until it is whole. Throws as `open`, and what `write` throws. */
  async receiveData(write: (bytes: Buffer) => void): Promise<void> {
    const payload = new SyncPayload(write)
    await untilDone(this.#socket, this.#signal, (piece) => {
      const used = payload.feed(piece)
      return payload.ended ? used : null
    })
  }

  /**
   * Gives the bytes of the commands to `take`, synchronously and in order, and tells the server every second how far
   * it got: it sends nothing before it was told once, and forgets what it is told before it has put away its own copy.
   *
   * `received`: the place after the last byte taken. Ends only by throwing, as `open` does and what `take` throws.
   */
  async receiveCommands(take: (bytes: Buffer) => void, received: () => bigint): Promise<never> {
    const acknowledge = () => this.#socket.write(encode(['REPLCONF', 'ACK', String(received())]))
    acknowledge()
    const timer = setInterval(acknowledge, ackEveryMs)
    try {
      await untilDone(this.#socket, this.#signal, (piece) => {
        take(piece)
        return null
      })
    } finally {
      clearInterval(timer)
    }
    throw new Error('bug: a stream of commands has no end')
  }

  close(): void {
    this.#socket.destroy()
  }
}

async function greet(
  socket: Socket,
  address: RespAddress,
  from: ReplicationPlace | null,
  signal: AbortSignal,
): Promise<SyncAnswer> {
  const steps = greeting(address, from)
  const parser = new ReplyParser()
  let step = 0
  let answer: SyncAnswer | undefined
  const say = () => socket.write(encode(steps[step] ?? []))
  say()
  await untilDone(socket, signal, (piece) => {
    for (let at = 0; at < piece.length; ) {
      // A busy server shows signs of life before it answers PSYNC.
      if (!parser.midReply && piece[at] === lineFeed) {
        at++
        continue
      }
      at = parser.feed(piece, at, piece.length)
      if (!parser.complete) return null
      const reply = parser.take()
      const command = steps[step]?.[0] ?? ''
      if (reply instanceof ReplyError) throw new SyncRefused(command, reply)
      if (command === 'PSYNC') {
        answer = answerOf(reply, from)
        return at
      }
      step++
      say()
    }
    return null
  })
  if (answer === undefined) throw new Error('bug: the greeting ended without an answer')
  return answer
}

function answerOf(reply: unknown, from: ReplicationPlace | null): SyncAnswer {
  const text = typeof reply === 'string' ? reply : ''
  const [, replid, offset] = /^FULLRESYNC ([0-9a-z]{40}) (\d{1,19})$/.exec(text) ?? []
  if (replid !== undefined && offset !== undefined) {
    return { kind: 'full', place: { replid, offset: BigInt(offset) } }
  }
  const [continues, renamed] = /^CONTINUE(?: ([0-9a-z]{40}))?$/.exec(text) ?? []
  if (continues !== undefined && from !== null) return { kind: 'continued', replid: renamed ?? from.replid }
  throw new RespProtocolError('PSYNC gave neither a full nor a partial synchronisation')
}

/**
 * Feeds pieces to `take` until it gives the position at which its part ends; the rest is put back, and the socket is
 * left paused.
 */
async function untilDone(socket: Socket, signal: AbortSignal, take: (piece: Buffer) => number | null): Promise<void> {
  signal.throwIfAborted()
  const listening = new AbortController()
  try {
    await new Promise<void>((resolve, reject) => {
      const on = (event: string, listener: (...args: never[]) => void) => {
        // Node's own listener type is as wide as this one.
        const plain = listener as (...args: unknown[]) => void
        socket.on(event, plain)
        listening.signal.addEventListener('abort', () => socket.off(event, plain))
      }
      const onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true, signal: listening.signal })
      on('data', (piece: Buffer) => {
        try {
          const used = take(piece)
          if (used === null) return
          socket.pause()
          listening.abort()
          if (used < piece.length) socket.unshift(piece.subarray(used))
          resolve()
        } catch (error) {
          // A file that cannot be written, or a server that speaks otherwise: the connection is of no more use.
          reject(error instanceof Error ? error : new Error('bug: something that is no error was thrown'))
        }
      })
      on('error', (error: NodeJS.ErrnoException) => reject(new RespConnectionLost(error.code ?? '', error)))
      on('close', () => reject(new RespConnectionLost('')))
      on('timeout', () => reject(new RespConnectionLost('ETIMEDOUT')))
      if (socket.destroyed) reject(new RespConnectionLost(''))
      socket.setTimeout(silenceMs)
      socket.resume()
    })
  } finally {
    listening.abort()
  }
}

function greeting(address: RespAddress, from: ReplicationPlace | null): readonly (readonly string[])[] {
  const password = address.password?.reveal('log in to Redis as a replica')
  const login =
    password === undefined ? [] : [['AUTH', ...(address.user === undefined ? [] : [address.user]), password]]
  return [
    ...login,
    ['PING'],
    // Without `eof` the server writes a file of its own first.
    ['REPLCONF', 'capa', 'eof', 'capa', 'psync2'],
    from === null ? ['PSYNC', '?', '-1'] : ['PSYNC', from.replid, String(from.offset + 1n)],
  ]
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}
