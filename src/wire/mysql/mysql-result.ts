import type { PulledRows } from '../pulled-rows.ts'
import { readServerError } from './mysql-server-error.ts'
import type { PacketReader } from './packet-reader.ts'

const errorMark = 0xff
const endMark = 0xfe
/** A row that begins with the mark of an end holds a first field of 16 MiB or more. */
const leastMarkedRowBytes = 0xffffff
const moreResultsFlag = 0x0008

/** How the rows of a result ended. */
type Outcome = { readonly kind: 'ended' } | { readonly kind: 'failed'; readonly error: Error }

/**
 * The rows of a text-protocol result; each is the payload of its packet. One statement has one result: a server that
 * announces another loses the connection. Source: MySQL internals, "COM_QUERY Response".
 */
export class MysqlResult implements PulledRows {
  /** 0: the statement gave no rows and could not have. */
  readonly columnCount: number
  readonly #packets: PacketReader
  readonly #abandon: () => void
  #outcome: Outcome | null
  /** True while the packet that `more` found waits for `next`. */
  #held = false

  constructor(packets: PacketReader, columnCount: number, abandon: () => void) {
    this.#packets = packets
    this.columnCount = columnCount
    this.#abandon = abandon
    this.#outcome = columnCount === 0 ? { kind: 'ended' } : null
  }

  get bytes(): Buffer {
    return this.#packets.bytes
  }

  get start(): number {
    return this.#packets.start
  }

  get end(): number {
    return this.#packets.end
  }

  /** True until the last row was read, or the server failed. */
  get open(): boolean {
    return this.#outcome === null
  }

  next(): boolean {
    if (this.#held) {
      this.#held = false
      return true
    }
    const packets = this.#packets
    if (this.#outcome !== null || !packets.next()) return false
    return (packets.bytes[packets.start] ?? errorMark) < endMark || this.#isRow()
  }

  /** Rejects with MysqlServerError, ConnectionLost, ProtocolViolation, or the reason of an abort. */
  async more(): Promise<boolean> {
    while (this.#outcome === null && !this.#held) {
      if (this.next()) this.#held = true
      else if (this.open) await this.#arrived()
    }
    if (this.#outcome?.kind === 'failed') throw this.#outcome.error
    return this.#held
  }

  abandon(): void {
    if (this.open) this.#abandon()
  }

  /** A packet with the mark of an error or of an end may be one, and then says how the result ended. */
  #isRow(): boolean {
    const { bytes, start, end } = this.#packets
    if (bytes[start] === endMark && end - start >= leastMarkedRowBytes) return true
    if (bytes[start] === errorMark) {
      this.#outcome = { kind: 'failed', error: readServerError(bytes, start, end) }
    } else if ((statusOfEnd(bytes, start, end) & moreResultsFlag) === 0) {
      this.#outcome = { kind: 'ended' }
    } else {
      this.#packets.refuse('a statement has more than one result')
    }
    return false
  }

  async #arrived(): Promise<void> {
    try {
      await this.#packets.arrived()
    } catch (error) {
      this.#outcome = {
        kind: 'failed',
        error: error instanceof Error ? error : new Error('bug: no error', { cause: error }),
      }
    }
  }
}

/** The status of an EOF packet (mark, warnings, status), or of the OK packet in its place (mark, two integers, status). */
function statusOfEnd(bytes: Buffer, start: number, end: number): number {
  if (end - start === 5) return bytes.readUInt16LE(start + 3)
  return statusOfOk(bytes, start, end)
}

/** The status flags of an OK packet. Source: MySQL internals, "OK_Packet". */
export function statusOfOk(bytes: Buffer, start: number, end: number): number {
  const afterRows = start + 1 + integerBytes(bytes[start + 1])
  const at = afterRows + integerBytes(bytes[afterRows])
  return at + 2 <= end ? bytes.readUInt16LE(at) : 0
}

/** How long a length-encoded integer is, by its first byte. */
export function integerBytes(first = 0): number {
  if (first === 0xfe) return 9
  if (first === 0xfd) return 4
  return first === 0xfc ? 3 : 1
}
