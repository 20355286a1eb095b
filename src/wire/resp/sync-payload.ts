import { RespProtocolError } from './reply-parser.ts'

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

  /**
   * Takes a piece, cut anywhere, and gives the position in it after the last byte taken: once the data has ended, what
   * follows begins there. Nothing of the piece is kept.
   */
  feed(piece: Buffer): number {
    let at = 0
    while (this.#state === 'header' && at < piece.length) at = this.#feedHeader(piece, at)
    if (at >= piece.length) return at
    if (this.#state === 'length') return at + this.#feedLength(piece.subarray(at))
    return this.#state === 'mark' ? at + this.#feedMark(piece.subarray(at)) : at
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

  #feedLength(piece: Buffer): number {
    const mine = piece.subarray(0, this.#left)
    this.#write(mine)
    this.#left -= mine.length
    if (this.#left === 0) this.#state = 'ended'
    return mine.length
  }

  #feedMark(piece: Buffer): number {
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece])
    const found = bytes.indexOf(this.#mark)
    if (found !== -1) {
      this.#write(bytes.subarray(0, found))
      this.#state = 'ended'
      return found + this.#mark.length - this.#held.length
    }
    const sure = Math.max(0, bytes.length - (this.#mark.length - 1))
    this.#write(bytes.subarray(0, sure))
    this.#held = Buffer.from(bytes.subarray(sure))
    return piece.length
  }
}
