import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { openSocket, type RespAddress } from './connect.ts'
import { ReplyError, ReplyParser, RespProtocolError } from './reply-parser.ts'
import { RespConnectionLost } from './resp-pipe.ts'

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

/** A server that prepares or sends its data says something every ten seconds by default. */
const silenceMs = 90_000
const lineFeed = 0x0a

/**
 * Where the data that a server sends to a new replica begins and ends.
 *
 * States: `header` (line breaks as signs of life, then one line: `$length` or `$EOF:mark`), `length` (so many bytes),
 * `mark` (bytes until the 40 of the mark; the last 39 are held back, for the mark may begin in them), `ended`.
 * Source: Redis `src/replication.c`, readSyncBulkPayload.
 */
export class SyncPayload {
  readonly #write: (bytes: Buffer) => void
  #state: 'header' | 'length' | 'mark' | 'ended' = 'header'
  #line = ''
  #left = 0
  #mark: Buffer = Buffer.alloc(0)
  #held: Buffer = Buffer.alloc(0)

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write
  }

  get ended(): boolean {
    return this.#state === 'ended'
  }

  /** Takes a piece, cut anywhere; what follows the data is let go. Nothing of it is kept. */
  feed(piece: Buffer): void {
    let at = 0
    while (this.#state === 'header' && at < piece.length) at = this.#feedHeader(piece, at)
    if (at >= piece.length) return
    if (this.#state === 'length') this.#feedLength(piece.subarray(at))
    else if (this.#state === 'mark') this.#feedMark(piece.subarray(at))
  }

  #feedHeader(piece: Buffer, at: number): number {
    const found = piece.indexOf(lineFeed, at)
    const stop = found === -1 ? piece.length : found
    this.#line += piece.toString('latin1', at, stop)
    if (this.#line.length > 100) throw new RespProtocolError('the header of the data does not end')
    if (found === -1) return piece.length
    const line = this.#line.replace(/\r$/, '')
    this.#line = ''
    if (line === '') return found + 1
    const [, mark, length] = /^\$(?:EOF:(.{40})|(\d+))$/.exec(line) ?? []
    if (mark !== undefined) {
      this.#mark = Buffer.from(mark, 'latin1')
      this.#state = 'mark'
    } else if (length !== undefined) {
      this.#left = Number(length)
      this.#state = this.#left === 0 ? 'ended' : 'length'
    } else throw new RespProtocolError('the header of the data is none')
    return found + 1
  }

  #feedLength(piece: Buffer): void {
    const mine = piece.subarray(0, this.#left)
    this.#write(mine)
    this.#left -= mine.length
    if (this.#left === 0) this.#state = 'ended'
  }

  #feedMark(piece: Buffer): void {
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece])
    const found = bytes.indexOf(this.#mark)
    if (found !== -1) {
      this.#write(bytes.subarray(0, found))
      this.#state = 'ended'
      return
    }
    const sure = Math.max(0, bytes.length - (this.#mark.length - 1))
    this.#write(bytes.subarray(0, sure))
    this.#held = Buffer.from(bytes.subarray(sure))
  }
}

/**
 * Connects as a new replica and writes the data that the server then sends into `file`: an RDB of one moment.
 *
 * The disk takes it as fast as it comes, so the server keeps nothing back for us for longer than it must. Commands that
 * follow the data are not read. Throws SyncRefused, RespProtocolError, RespConnectionLost, errors of the file system.
 * Abort: ends the connection; the file stays.
 */
export async function spoolReplica(address: RespAddress, file: string, signal: AbortSignal): Promise<void> {
  const socket = await openSocket(address, signal)
  const fd = openSync(file, 'w', 0o600)
  let position = 0
  let onAbort: (() => void) | undefined
  try {
    ftruncateSync(fd)
    const payload = new SyncPayload((bytes) => {
      for (let at = 0; at < bytes.length; ) {
        const written = writeSync(fd, bytes, at, bytes.length - at, position)
        at += written
        position += written
      }
    })
    const steps = greeting(address)
    const parser = new ReplyParser()
    await new Promise<void>((resolve, reject) => {
      let step = 0
      onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      const say = () => socket.write(encode(steps[step] ?? []))
      const take = (piece: Buffer) => {
        let at = 0
        while (step < steps.length && at < piece.length) {
          // A busy server shows signs of life before it answers PSYNC.
          if (!parser.midReply && piece[at] === lineFeed) {
            at++
            continue
          }
          at = parser.feed(piece, at, piece.length)
          if (!parser.complete) return
          const reply = parser.take()
          const command = steps[step]?.[0] ?? ''
          if (reply instanceof ReplyError) throw new SyncRefused(command, reply)
          if (command === 'PSYNC' && !(typeof reply === 'string' && reply.startsWith('FULLRESYNC'))) {
            throw new RespProtocolError('PSYNC gave no full synchronisation')
          }
          if (++step < steps.length) say()
        }
        if (at < piece.length) payload.feed(piece.subarray(at))
        if (payload.ended) resolve()
      }
      socket.on('data', (piece: Buffer) => {
        try {
          take(piece)
        } catch (error) {
          // A file that cannot be written, or a server that speaks otherwise: the connection is of no more use.
          reject(error instanceof Error ? error : new Error('bug: something that is no error was thrown'))
        }
      })
      socket.once('error', (error: NodeJS.ErrnoException) => reject(new RespConnectionLost(error.code ?? '', error)))
      socket.once('close', () => reject(new RespConnectionLost('')))
      socket.setTimeout(silenceMs, () => reject(new RespConnectionLost('ETIMEDOUT')))
      say()
    })
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
    socket.on('error', () => undefined)
    socket.destroy()
    closeSync(fd)
  }
}

function greeting(address: RespAddress): readonly (readonly string[])[] {
  const password = address.password?.reveal('log in to Redis as a replica')
  const login =
    password === undefined ? [] : [['AUTH', ...(address.user === undefined ? [] : [address.user]), password]]
  return [
    ...login,
    ['PING'],
    // Without `eof` the server writes a file of its own first.
    ['REPLCONF', 'capa', 'eof', 'capa', 'psync2'],
    ['PSYNC', '?', '-1'],
  ]
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}
