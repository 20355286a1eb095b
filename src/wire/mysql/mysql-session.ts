import type { Duplex } from 'node:stream'
import { SocketInbox } from '../socket-inbox.ts'
import { integerBytes, MysqlResult, statusOfOk } from './mysql-result.ts'
import { type MysqlServerError, readServerError } from './mysql-server-error.ts'
import { PacketReader } from './packet-reader.ts'

const headBytes = 4
const fullPacketBytes = 0xffffff
const quitCommand = 0x01
const queryCommand = 0x03
const okMark = 0x00
const fileMark = 0xfb
const endMark = 0xfe
const errorMark = 0xff
const moreResultsFlag = 0x0008

export interface MysqlSessionOptions {
  /** Whether CLIENT_DEPRECATE_EOF was negotiated: no packet then parts the columns from the rows. */
  readonly deprecateEof: boolean
}

/**
 * The command phase of a MySQL or MariaDB connection: statements out, text results in, one after the other.
 *
 * In: a socket that is connected, logged in and idle, with TLS done, without CLIENT_COMPRESS, CLIENT_LOCAL_FILES,
 * CLIENT_QUERY_ATTRIBUTES and CLIENT_MULTI_STATEMENTS, and with nobody else listening; it is the session's from now on.
 *
 * After an error of the server (MysqlServerError) the session goes on. It ends for good when the connection is lost
 * (ConnectionLost), when the server breaks the protocol or asks for a file (ProtocolViolation), and by `destroy`.
 * Source: MySQL internals, "COM_QUERY".
 */
export class MysqlSession {
  readonly #socket: Duplex
  readonly #options: MysqlSessionOptions
  readonly #inbox: SocketInbox
  readonly #packets: PacketReader
  #asking = false
  #result: MysqlResult | null = null

  constructor(socket: Duplex, options: MysqlSessionOptions) {
    this.#socket = socket
    this.#options = options
    this.#inbox = new SocketInbox(socket)
    this.#packets = new PacketReader(this.#inbox)
  }

  /**
   * Sends a statement; resolves when its rows begin, or at once when it gives none.
   *
   * The result must be read to its end, or abandoned, before the next statement: else this throws.
   */
  async query(sql: string): Promise<MysqlResult> {
    if (this.busy) throw new Error('bug: a statement while the result of another is being read')
    this.#asking = true
    try {
      this.#socket.write(queryPacket(sql))
      this.#packets.expect(1)
      this.#result = await this.#answer()
      return this.#result
    } finally {
      this.#asking = false
    }
  }

  /** All rows of a small result as text. */
  async textRows(sql: string): Promise<(string | null)[][]> {
    const result = await this.query(sql)
    const rows: (string | null)[][] = []
    while (await result.more()) {
      while (result.next()) rows.push(textFields(result.bytes, result.start, result.end))
    }
    return rows
  }

  /** True while a statement's answer is awaited or read. */
  get busy(): boolean {
    return this.#asking || this.#result?.open === true
  }

  /** Ends the connection at once; whoever waits gets `error`. */
  destroy(error: unknown): void {
    this.#inbox.destroy(error)
  }

  /** Says good-bye when nothing is under way, and ends the connection. May be called again. */
  close(): void {
    const gone = new Error('bug: a session was used after it was closed')
    if (this.busy || !this.#socket.writable) return this.destroy(gone)
    this.#packets.expect(0)
    this.#socket.end(Buffer.of(1, 0, 0, 0, quitCommand), () => this.destroy(gone))
  }

  async #answer(): Promise<MysqlResult> {
    const packets = this.#packets
    const first = await this.#packet()
    if (first === errorMark) throw this.#serverError()
    if (first === fileMark) return this.#refuse('the server asks for a file of this machine')
    const abandon = () => this.destroy(new Error('bug: a result was read on after it was abandoned'))
    if (first === okMark) {
      const status = statusOfOk(packets.bytes, packets.start, packets.end)
      if ((status & moreResultsFlag) !== 0) return this.#refuse('a statement has more than one result')
      return new MysqlResult(packets, 0, abandon)
    }
    const columnCount = readInteger(packets.bytes, packets.start)
    for (let i = 0; i < columnCount; i++) {
      if ((await this.#packet()) === errorMark) throw this.#serverError()
    }
    if (!this.#options.deprecateEof && (await this.#packet()) !== endMark) {
      return this.#refuse('the columns of a result do not end')
    }
    return new MysqlResult(packets, columnCount, abandon)
  }

  /** Waits for the next packet; gives its first byte. */
  async #packet(): Promise<number> {
    const packets = this.#packets
    while (!packets.next()) await packets.arrived()
    if (packets.start === packets.end) return this.#refuse('a packet is empty')
    return packets.bytes[packets.start] ?? errorMark
  }

  #serverError(): MysqlServerError {
    return readServerError(this.#packets.bytes, this.#packets.start, this.#packets.end)
  }

  async #refuse(what: string): Promise<never> {
    this.#packets.refuse(what)
    await this.#packets.arrived()
    throw new Error('bug: a connection that was ended goes on')
  }
}

function queryPacket(sql: string): Buffer {
  const length = 1 + Buffer.byteLength(sql)
  if (length >= fullPacketBytes) throw new Error(`bug: a statement of ${length} bytes`)
  const packet = Buffer.allocUnsafe(headBytes + length)
  packet.writeUIntLE(length, 0, 3)
  packet[3] = 0
  packet[headBytes] = queryCommand
  packet.write(sql, headBytes + 1)
  return packet
}

function textFields(bytes: Buffer, start: number, end: number): (string | null)[] {
  const fields: (string | null)[] = []
  for (let at = start; at < end; ) {
    if (bytes[at] === fileMark) {
      fields.push(null)
      at++
      continue
    }
    const from = at + integerBytes(bytes[at])
    at = from + readInteger(bytes, at)
    fields.push(bytes.toString('utf8', from, at))
  }
  return fields
}

/** A length-encoded integer. Source: MySQL internals, "Length-Encoded Integer". */
function readInteger(bytes: Buffer, at: number): number {
  const length = integerBytes(bytes[at])
  if (length === 1) return bytes[at] ?? 0
  if (length < 9) return bytes.readUIntLE(at + 1, length - 1)
  return bytes.readUInt32LE(at + 1) + bytes.readUInt32LE(at + 5) * 0x1_0000_0000
}
