/** An error reply. `code` is its first word (`OOM`, `MOVED`, `ERR`); the rest may quote keys, so it is for matching only. */
export class ReplyError {
  readonly code: string
  readonly message: string

  constructor(message: string) {
    this.message = message
    this.code = /^[A-Z][A-Z0-9]*/.exec(message)?.[0] ?? 'ERR'
  }
}

/** A RESP2 reply: simple string, integer (bigint beyond 2^53), bulk string, nil, error, array. */
export type Reply = string | number | bigint | Buffer | null | ReplyError | readonly Reply[]

/** The peer does not speak RESP, or not in the order of the commands. */
export class RespProtocolError extends Error {
  override readonly name = 'RespProtocolError'
}

/** Longest line (error text, integer, length) that is taken; a peer that sends more is no Redis. */
const maxLineBytes = 64 * 1024
const lineFeed = 0x0a

interface OpenArray {
  readonly items: Reply[]
  readonly length: number
}

/**
 * Decodes RESP2 replies from pieces that may be cut at any byte, one reply at a time.
 *
 * States: `line` (type byte to line feed, kept in `#line` over a cut), `bulk` (the body's bytes, then its line break).
 * Open arrays stand on a stack; a reply is complete when the stack is empty and a value has ended.
 * Source: the Redis protocol specification, RESP2.
 */
export class ReplyParser {
  #line = ''
  #bulk: Buffer | null = null
  #bulkFilled = 0
  #skip = 0
  #open: OpenArray[] = []
  #reply: Reply | undefined

  /** True between the first byte of a reply and its last. */
  get midReply(): boolean {
    return this.#reply === undefined && (this.#line !== '' || this.#bulk !== null || this.#open.length > 0)
  }

  get complete(): boolean {
    return this.#reply !== undefined
  }

  /** The reply that is complete; the parser is then ready for the next. */
  take(): Reply {
    const reply = this.#reply
    if (reply === undefined) throw new Error('bug: no reply is complete')
    this.#reply = undefined
    return reply
  }

  /**
   * Takes bytes until one reply is complete or the piece ends; gives the position after the last byte taken.
   *
   * Nothing of `piece` is kept. Throws RespProtocolError.
   */
  feed(piece: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && this.#reply === undefined)
      at = this.#bulk === null ? this.#feedLine(piece, at, end) : this.#feedBulk(this.#bulk, piece, at, end)
    return at
  }

  #feedLine(piece: Buffer, at: number, end: number): number {
    const found = piece.indexOf(lineFeed, at)
    const stop = found === -1 || found >= end ? end : found
    this.#line += piece.toString('latin1', at, stop)
    if (this.#line.length > maxLineBytes) throw new RespProtocolError('a line of a reply does not end')
    if (stop === end) return end
    const line = this.#line
    this.#line = ''
    if (!line.endsWith('\r')) throw new RespProtocolError('a line of a reply does not end in CR LF')
    this.#endLine(line.charCodeAt(0), line.slice(1, -1))
    return stop + 1
  }

  #endLine(type: number, text: string): void {
    switch (type) {
      case 0x2b: // +
        return this.#endValue(text)
      case 0x2d: // -
        return this.#endValue(new ReplyError(text))
      case 0x3a: // :
        return this.#endValue(integer(text))
      case 0x24: {
        // $
        const length = lengthOf(text)
        if (length === -1) return this.#endValue(null)
        this.#bulk = Buffer.allocUnsafe(length)
        this.#bulkFilled = 0
        this.#skip = 2
        return
      }
      case 0x2a: {
        // *
        const length = lengthOf(text)
        if (length === -1) return this.#endValue(null)
        if (length === 0) return this.#endValue([])
        this.#open.push({ items: [], length })
        return
      }
      default:
        throw new RespProtocolError('a reply begins with a byte that is no type')
    }
  }

  #feedBulk(bulk: Buffer, piece: Buffer, at: number, end: number): number {
    const wanted = Math.min(bulk.length - this.#bulkFilled, end - at)
    piece.copy(bulk, this.#bulkFilled, at, at + wanted)
    this.#bulkFilled += wanted
    const skipped = Math.min(this.#skip, end - at - wanted)
    if (this.#bulkFilled === bulk.length) {
      this.#skip -= skipped
      if (this.#skip === 0) {
        this.#bulk = null
        this.#endValue(bulk)
      }
      return at + wanted + skipped
    }
    return at + wanted
  }

  #endValue(value: Reply): void {
    let ended = value
    for (;;) {
      const array = this.#open.at(-1)
      if (array === undefined) {
        this.#reply = ended
        return
      }
      array.items.push(ended)
      if (array.items.length < array.length) return
      this.#open.pop()
      ended = array.items
    }
  }
}

function integer(text: string): number | bigint {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  if (!/^-?\d+$/.test(text)) throw new RespProtocolError('an integer reply is none')
  return BigInt(text)
}

function lengthOf(text: string): number {
  const length = Number(text)
  // 512 MiB is the server's own limit for a string; arrays of that length are none of ours.
  if (!Number.isSafeInteger(length) || length < -1 || length > 0x2000_0000) {
    throw new RespProtocolError('a length in a reply is none')
  }
  return length
}
