import type { Duplex } from 'node:stream'
import { ProtocolViolation } from '../connection-errors.ts'
import type { PulledRows } from '../pulled-rows.ts'
import { SocketInbox } from '../socket-inbox.ts'
import { copiedRows, type PgClient, type PgConnection, type PgQuery } from './pg-query.ts'

const headBytes = 5
/** PostgreSQL has no value and no row of more than 1 GiB. */
const mostMessageBytes = 1024 * 1024 * 1024

/** Of a CopyOutResponse: length, format, number of columns. */
const leastCopyOutBytes = 7

const typeCopyData = 0x64
const typeCopyDone = 0x63
const typeCopyOut = 0x48
const typeError = 0x45
/** NoticeResponse, ParameterStatus, NotificationResponse: they may come at any time. */
const asides = [0x4e, 0x53, 0x41]

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
const headerBytes = signature.length + 8

const nothing = Buffer.alloc(0)

type Listener = (chunk: Buffer) => void

/**
 * One COPY TO STDOUT on a client of node-postgres that is idle; its rows are pulled off the socket itself.
 *
 * A row is what PostgreSQL sends in one CopyData message: in the binary format one tuple, for `TupleFields`; in the text
 * format one line with its end. The header and the trailer of the binary format are checked and left out.
 *
 * While the rows come, node-postgres does not listen. It gets the messages in between, and everything from the end of
 * the rows or from an ErrorResponse on; that is a DatabaseError of its own, after which the client goes on.
 *
 * States: `waiting` (for the statement's turn and the CopyOutResponse), `header` (the binary format's), `rows`, `trailer`
 * (it has come; no row may follow), then `ended` or `failed`.
 * Source: PostgreSQL manual, "Message Flow", COPY Operations; "Message Formats"; COPY, "Binary Format".
 */
export class CopyOut implements PulledRows, PgQuery {
  columnCount = 0
  bytes: Buffer = nothing
  start = 0
  end = 0
  readonly #sql: string
  #state: 'waiting' | 'header' | 'rows' | 'trailer' | 'ended' | 'failed' = 'waiting'
  #isBinary = true
  #failure: unknown
  #stream: Duplex | null = null
  #inbox: SocketInbox | null = null
  #pgListener: Listener | null = null
  #rowCount = 0
  #countedRows: bigint | null = null
  /** True while the row that `more` found waits for `next`. */
  #held = false
  /** Woken by what node-postgres tells. */
  #told = Promise.withResolvers<void>()

  private constructor(sql: string) {
    this.#sql = sql
  }

  /** Sends the statement; resolves when the rows begin. */
  static async start(client: PgClient, sql: string): Promise<CopyOut> {
    const copy = new CopyOut(sql)
    client.query(copy)
    while (copy.#state === 'waiting') {
      // The first row may come with what announces it.
      if (copy.next()) copy.#held = true
      else if (copy.#state === 'waiting') await copy.#wait()
    }
    if (copy.#state === 'failed') throw copy.#failure
    return copy
  }

  /** True until the last row was read, or the server failed: the client can do nothing else meanwhile. */
  get open(): boolean {
    return this.#state !== 'ended' && this.#state !== 'failed'
  }

  next(): boolean {
    if (this.#held) {
      this.#held = false
      return true
    }
    const inbox = this.#inbox
    if (inbox === null) return false
    const { bytes, at } = inbox
    const start = at + headBytes
    if (start <= inbox.end && this.#state === 'rows' && bytes[at] === typeCopyData) {
      const end = at + 1 + bytes.readInt32BE(at + 1)
      // Two bytes may be the trailer.
      if (end <= inbox.end && end > start + 2) {
        this.bytes = bytes
        this.start = start
        this.end = end
        inbox.at = end
        this.#rowCount++
        return true
      }
    }
    return this.#nextAcross(inbox)
  }

  /** Rejects with node-postgres' errors, ConnectionLost or ProtocolViolation. */
  async more(): Promise<boolean> {
    while (this.open && !this.#held) {
      if (this.next()) this.#held = true
      else if (this.open) await this.#wait()
    }
    if (this.#state === 'failed') throw this.#failure
    return this.#held
  }

  abandon(): void {
    if (!this.open) return
    this.handleError(new Error('bug: a COPY was read on after it was abandoned'))
    this.#stream?.destroy()
  }

  /** For node-postgres. */
  submit(connection: PgConnection): Error | undefined {
    const { stream } = connection
    const [listener, ...others] = stream.listeners('data')
    if (listener === undefined || others.length > 0) return new Error('bug: node-postgres listens in another way')
    // An event's listener is typed without its arguments.
    this.#pgListener = listener as Listener
    this.#stream = stream
    this.#inbox = new SocketInbox(stream)
    stream.off('data', this.#pgListener)
    connection.query(this.#sql)
    this.#tell()
    return undefined
  }

  /** For node-postgres. */
  handleCommandComplete(message: { readonly text: string }): void {
    this.#countedRows = copiedRows(message.text)
  }

  /** For node-postgres. */
  handleReadyForQuery(): void {
    if (!this.open) return
    if (this.#countedRows === BigInt(this.#rowCount)) {
      this.#state = 'ended'
      this.#tell()
    } else this.handleError(new ProtocolViolation('a COPY has other rows than the server counted'))
  }

  /** For node-postgres. */
  handleError(error: unknown): void {
    if (!this.open) return
    this.#state = 'failed'
    this.#failure = error
    this.#held = false
    // Only a lost connection is told while the rows come.
    this.#inbox?.destroy(error)
    this.#inbox = null
    this.#tell()
  }

  /** Waits for bytes, or for what node-postgres has to say before and after the rows. */
  async #wait(): Promise<void> {
    if (this.#inbox === null) return this.#told.promise
    try {
      await this.#inbox.arrived()
    } catch (error) {
      this.handleError(error)
    }
  }

  #tell(): void {
    this.#told.resolve()
    this.#told = Promise.withResolvers()
  }

  /** Messages that lie across chunks, and those that are no row. */
  #nextAcross(inbox: SocketInbox): boolean {
    while (inbox.has(headBytes)) {
      const type = inbox.bytes[inbox.at] ?? 0
      if (type === typeError || (type === typeCopyDone && this.#mayEnd)) {
        this.#handBack(inbox)
        return false
      }
      const length = inbox.bytes.readInt32BE(inbox.at + 1)
      if (length < 4 || length > mostMessageBytes) return this.#refuse('a message has an impossible length')
      if (!inbox.has(1 + length)) return false
      const start = inbox.at + headBytes
      inbox.at += 1 + length
      if (type === typeCopyData) {
        if (this.#takeData(inbox, start)) return true
      } else if (type === typeCopyOut && length >= leastCopyOutBytes && this.#state === 'waiting') {
        this.#begin(inbox.bytes, start)
      } else if (asides.includes(type)) {
        this.#pgListener?.call(this.#stream, Buffer.from(inbox.bytes.subarray(start - headBytes, inbox.at)))
      } else return this.#refuse('a message has no place in a COPY')
      if (this.#inbox === null) return false
    }
    return false
  }

  get #mayEnd(): boolean {
    return this.#state === 'trailer' || (this.#state === 'rows' && !this.#isBinary)
  }

  #begin(bytes: Buffer, start: number): void {
    this.#isBinary = bytes[start] === 1
    this.columnCount = bytes.readInt16BE(start + 1)
    this.#state = this.#isBinary ? 'header' : 'rows'
  }

  /** One CopyData message, `[start, inbox.at)`; true when it is a row. */
  #takeData(inbox: SocketInbox, start: number): boolean {
    const { bytes, at: end } = inbox
    let from = start
    if (this.#state === 'header') {
      const isHeader =
        end - start >= headerBytes &&
        bytes.compare(signature, 0, signature.length, start, start + signature.length) === 0 &&
        // No flags and no extension: a server that has them sends something that is not known here.
        bytes.readInt32BE(start + signature.length) === 0 &&
        bytes.readInt32BE(start + signature.length + 4) === 0
      if (!isHeader) return this.#refuse('a binary COPY begins with no header that is known')
      this.#state = 'rows'
      from += headerBytes
      if (from === end) return false
    }
    if (this.#state !== 'rows') return this.#refuse('a row has no place there')
    if (this.#isBinary && end - from === 2 && bytes.readInt16BE(from) === -1) {
      this.#state = 'trailer'
      return false
    }
    this.bytes = bytes
    this.start = from
    this.end = end
    this.#rowCount++
    return true
  }

  /** Gives node-postgres its socket back, with the bytes that were not read. */
  #handBack(inbox: SocketInbox): void {
    this.#inbox = null
    this.bytes = nothing
    const [stream, listener] = [this.#stream, this.#pgListener]
    if (stream === null || listener === null) throw new Error('bug: a COPY that was never sent has ended')
    stream.on('data', listener)
    listener.call(stream, inbox.release())
  }

  #refuse(what: string): false {
    this.handleError(new ProtocolViolation(what))
    return false
  }
}
