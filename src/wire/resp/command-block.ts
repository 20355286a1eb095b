import type { Reply } from './reply-parser.ts'

/** Is told of a reply that was not predicted, or is not as predicted. What it throws ends the pipe. */
export interface ReplyCheck {
  /** `request` is the command as it was sent, `expected` the predicted reply or nothing; valid until this returns. */
  onReply(reply: Reply, request: Buffer, expected: Buffer): void
}

/** Room kept before a batch for its header, which is known at its end only. */
const batchHeaderBytes = 24
const fewBytes = 32

/**
 * Commands in the form in which they go out, with the replies that are expected of them, byte by byte.
 *
 * A command is written as `array`, then its words; `end` closes it. Several words of one kind are a batch: `openBatch`,
 * words, `closeBatch`. The caller asks `fits` first: nothing here looks at the room again.
 * Source: the Redis protocol specification, RESP2.
 */
export class CommandBlock {
  readonly bytes: Buffer
  /** Replies that are expected, one after the other; grows. */
  expected: Buffer = Buffer.alloc(0)
  at = 0
  expectedAt = 0
  /** Where each command and its expected reply end. Equal ends of two neighbours: the second is not predicted. */
  readonly ends: number[] = []
  readonly expectedEnds: number[] = []
  readonly checks: ReplyCheck[] = []
  #batchStart = 0
  #expectedBatchStart = 0

  constructor(capacityBytes: number) {
    this.bytes = Buffer.allocUnsafe(capacityBytes)
  }

  clear(): void {
    this.at = 0
    this.expectedAt = 0
    this.ends.length = 0
    this.expectedEnds.length = 0
    this.checks.length = 0
  }

  get commandCount(): number {
    return this.ends.length
  }

  fits(count: number): boolean {
    return this.at + count <= this.bytes.length
  }

  /** `*count` */
  array(count: number): void {
    this.at = header(this.bytes, this.at, 0x2a, count)
  }

  /** One word, from bytes. Takes its length and at most 16 bytes more. */
  word(from: Buffer, start: number, end: number): void {
    this.at = bulk(this.bytes, this.at, from, start, end)
  }

  /** Whole commands as they stand on the wire already; `end` follows each. */
  raw(from: Buffer, start: number, end: number): void {
    this.at += from.copy(this.bytes, this.at, start, end)
  }

  /** A word of `length` bytes that the caller puts at the position given; `closeWord` follows. */
  openWord(length: number): number {
    this.at = header(this.bytes, this.at, 0x24, length)
    const body = this.at
    this.at += length
    return body
  }

  closeWord(): void {
    this.bytes[this.at++] = 0x0d
    this.bytes[this.at++] = 0x0a
  }

  /** One word of ASCII. */
  text(word: string): void {
    this.at = header(this.bytes, this.at, 0x24, word.length)
    this.at += this.bytes.write(word, this.at, 'latin1')
    this.bytes[this.at++] = 0x0d
    this.bytes[this.at++] = 0x0a
  }

  openBatch(): void {
    this.#batchStart = this.at
    this.#expectedBatchStart = this.expectedAt
    this.at += batchHeaderBytes
  }

  /** Puts `header` before the words written since `openBatch`. */
  closeBatch(header: string): void {
    const start = this.#batchStart
    const body = start + batchHeaderBytes
    if (header.length !== batchHeaderBytes) {
      this.bytes.copyWithin(start + header.length, body, this.at)
      this.at += header.length - batchHeaderBytes
    }
    this.bytes.write(header, start, 'latin1')
  }

  /** Puts `header` before what was expected since `openBatch`. */
  closeExpectedBatch(header: string): void {
    this.#growExpected(header.length)
    this.expected.copyWithin(this.#expectedBatchStart + header.length, this.#expectedBatchStart, this.expectedAt)
    this.expected.write(header, this.#expectedBatchStart, 'latin1')
    this.expectedAt += header.length
  }

  /** Part of the expected reply, as it will stand on the wire. */
  expectText(text: string): void {
    this.#growExpected(text.length)
    this.expectedAt += this.expected.write(text, this.expectedAt, 'latin1')
  }

  /** A bulk string in the expected reply. */
  expectWord(from: Buffer, start: number, end: number): void {
    this.#growExpected(end - start + 16)
    this.expectedAt = bulk(this.expected, this.expectedAt, from, start, end)
  }

  /** Closes a command: one reply will come. Without anything expected since the last one, any reply goes to `check`. */
  end(check: ReplyCheck): void {
    this.ends.push(this.at)
    this.expectedEnds.push(this.expectedAt)
    this.checks.push(check)
  }

  #growExpected(bytes: number): void {
    if (this.expectedAt + bytes <= this.expected.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.expected.length * 2, this.expectedAt + bytes))
    this.expected.copy(larger, 0, 0, this.expectedAt)
    this.expected = larger
  }
}

function header(into: Buffer, at: number, type: number, count: number): number {
  into[at] = type
  const after = decimal(into, at + 1, count)
  into[after] = 0x0d
  into[after + 1] = 0x0a
  return after + 2
}

function bulk(into: Buffer, at: number, from: Buffer, start: number, end: number): number {
  const body = header(into, at, 0x24, end - start)
  let after = body + end - start
  if (end - start <= fewBytes) {
    // Calling `copy` costs more than so few bytes.
    for (let i = start, to = body; i < end; i++, to++) into[to] = from[i] ?? 0
  } else {
    from.copy(into, body, start, end)
  }
  into[after++] = 0x0d
  into[after++] = 0x0a
  return after
}

function decimal(into: Buffer, at: number, value: number): number {
  let digits = 1
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++
  let rest = value
  for (let i = at + digits - 1; i >= at; i--) {
    into[i] = 0x30 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  return at + digits
}
