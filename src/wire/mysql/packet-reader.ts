import { ProtocolViolation } from '../connection-errors.ts'
import { freeBuffer } from '../free-buffer.ts'
import type { SocketInbox } from '../socket-inbox.ts'

/** A packet of this length is continued in the next one. */
const fullPacketBytes = 0xffffff
const headBytes = 4
const errorMark = 0xff
/** No server sends a larger one: `max_allowed_packet` ends at 1 GiB. */
const mostPayloadBytes = 1024 * 1024 * 1024 + fullPacketBytes

const nothing = Buffer.alloc(0)

/**
 * Takes packets off a connection, one at a time; those that are continued come as one.
 *
 * A packet is a 3-byte length, a sequence number and the payload, which lies in `bytes[start, end)` until the next call.
 * What breaks the protocol ends the connection, and is told by `arrived`. Source: MySQL internals, "MySQL Packets".
 */
export class PacketReader {
  bytes: Buffer = nothing
  start = 0
  end = 0
  readonly #inbox: SocketInbox
  #sequence = 0
  /** The payload of a continued packet, of which `#longFilled` bytes are there and `#longMissing` of its current part. */
  #long: Buffer | null = null
  #longFilled = 0
  #longMissing = 0
  #longGoesOn = false
  /** The last continued packet, which was seen when another begins or another statement. */
  #spent: Buffer | null = null

  constructor(inbox: SocketInbox) {
    this.#inbox = inbox
  }

  /** Another exchange begins; its next packet has this sequence number. */
  expect(sequence: number): void {
    this.#sequence = sequence
    this.#freeSpent()
  }

  /** Steps to the next packet; false when it is not here as a whole. */
  next(): boolean {
    const inbox = this.#inbox
    const { bytes, at } = inbox
    const start = at + headBytes
    if (start <= inbox.end && this.#long === null) {
      const length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
      const end = start + length
      if (end <= inbox.end && length !== fullPacketBytes && bytes[at + 3] === this.#sequence) {
        this.#sequence = (this.#sequence + 1) & 0xff
        this.bytes = bytes
        this.start = start
        this.end = end
        inbox.at = end
        return true
      }
    }
    return this.#nextAcross()
  }

  /** Resolves when more bytes are here. Rejects with what ended the connection. */
  arrived(): Promise<void> {
    return this.#inbox.arrived()
  }

  /** Ends the connection for what the other side sent. */
  refuse(what: string): void {
    this.#inbox.destroy(new ProtocolViolation(what))
  }

  /** A packet that lies across chunks, is continued, or breaks the sequence. */
  #nextAcross(): boolean {
    const inbox = this.#inbox
    if (this.#long !== null) return this.#nextLong(this.#long)
    if (!inbox.has(headBytes)) return false
    const length = inbox.bytes.readUIntLE(inbox.at, 3)
    if (length === fullPacketBytes) return this.#nextLong(nothing)
    if (!inbox.has(headBytes + length)) return false
    const start = inbox.at + headBytes
    // A server that ends a connection on its own says so without regard to what it was sending.
    const isError = length > 0 && inbox.bytes[start] === errorMark
    if (!isError && !this.#inSequence()) return false
    this.bytes = inbox.bytes
    this.start = start
    this.end = start + length
    inbox.at = this.end
    return true
  }

  /** Fills `payload` from part after part. */
  #nextLong(payload: Buffer): boolean {
    let long = payload
    if (this.#long === null) {
      this.#freeSpent()
      this.#longFilled = 0
      this.#longMissing = 0
      this.#longGoesOn = true
    }
    for (;;) {
      if (this.#longMissing === 0) {
        if (!this.#longGoesOn) break
        if (!this.#beginPart()) {
          this.#long = long
          return false
        }
        long = withRoom(long, this.#longFilled, this.#longMissing)
      }
      const taken = this.#inbox.take(long, this.#longFilled, this.#longMissing)
      this.#longFilled += taken
      this.#longMissing -= taken
      if (this.#longMissing > 0) {
        this.#long = long
        return false
      }
    }
    this.#long = null
    this.#spent = long
    this.bytes = long
    this.start = 0
    this.end = this.#longFilled
    return true
  }

  #freeSpent(): void {
    if (this.#spent === null) return
    this.bytes = nothing
    this.start = 0
    this.end = 0
    freeBuffer(this.#spent)
    this.#spent = null
  }

  #beginPart(): boolean {
    const inbox = this.#inbox
    if (!inbox.has(headBytes) || !this.#inSequence()) return false
    this.#longMissing = inbox.bytes.readUIntLE(inbox.at, 3)
    this.#longGoesOn = this.#longMissing === fullPacketBytes
    inbox.at += headBytes
    if (this.#longFilled + this.#longMissing <= mostPayloadBytes) return true
    this.refuse('a packet is larger than any server sends')
    return false
  }

  #inSequence(): boolean {
    if (this.#inbox.bytes[this.#inbox.at + 3] !== this.#sequence) {
      this.refuse('a packet is out of order')
      return false
    }
    this.#sequence = (this.#sequence + 1) & 0xff
    return true
  }
}

/** Pages that are not written cost nothing, so much room at once spares copies. */
function withRoom(payload: Buffer, filled: number, more: number): Buffer {
  if (filled + more <= payload.length) return payload
  const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(filled + more, 4 * payload.length), mostPayloadBytes))
  payload.copy(larger, 0, 0, filled)
  if (filled > 0) freeBuffer(payload)
  return larger
}
