import { freeBuffer } from '../free-buffer.ts'

const frameHead = 5
const copyData = 0x64
const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')

/**
 * Collects binary COPY tuples in one CopyData message of about `frameBytes`.
 *
 * Who writes a tuple calls `reserve` with the most bytes that it may need, writes at `at` in `bytes` or `view`, and
 * moves `at`. To take a tuple back, set `at` to what it was. Source: PostgreSQL manual, "Message Formats" and COPY,
 * "Binary Format".
 */
export class TupleWriter {
  bytes: Buffer
  view: DataView
  at = frameHead
  readonly #frameBytes: number
  readonly #free: Buffer[] = []

  constructor(frameBytes = 256 * 1024) {
    this.#frameBytes = frameBytes
    this.bytes = this.#newBuffer()
    this.view = viewOf(this.bytes)
  }

  /** What a binary COPY begins with: signature, flags, no header extension. */
  begin(): void {
    this.reserve(signature.length + 8)
    this.at += signature.copy(this.bytes, this.at)
    this.bytes.fill(0, this.at, this.at + 8)
    this.at += 8
  }

  /** What a binary COPY ends with. */
  end(): void {
    this.reserve(2)
    this.view.setInt16(this.at, -1)
    this.at += 2
  }

  /** Makes room for so many bytes; `bytes` and `view` may be others afterwards. */
  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + count))
    this.bytes.copy(larger, 0, 0, this.at)
    this.recycle(this.bytes)
    this.bytes = larger
    this.view = viewOf(larger)
  }

  /** Forgets everything since the last `take`. */
  clear(): void {
    this.at = frameHead
  }

  /** True when a message is worth sending. */
  get full(): boolean {
    return this.at >= this.#frameBytes
  }

  /**
   * The message of everything since the last call; null when there is nothing. It is the caller's, who may give it back
   * by `recycle` once it is sent: every new buffer of this size costs more than what is written into it.
   */
  take(): Buffer | null {
    if (this.at === frameHead) return null
    this.bytes[0] = copyData
    this.view.setInt32(1, this.at - 1)
    const message = this.bytes.subarray(0, this.at)
    this.bytes = this.#free.pop() ?? this.#newBuffer()
    this.view = viewOf(this.bytes)
    this.at = frameHead
    return message
  }

  /** Takes the memory of a message of `take` back. One that was made for a large tuple is freed at once. */
  recycle(message: Buffer): void {
    const { buffer } = message
    if (buffer.byteLength === this.#bufferBytes) this.#free.push(Buffer.from(buffer))
    else freeBuffer(message)
  }

  get #bufferBytes(): number {
    return this.#frameBytes + this.#frameBytes / 4
  }

  #newBuffer(): Buffer {
    return Buffer.allocUnsafeSlow(this.#bufferBytes)
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
