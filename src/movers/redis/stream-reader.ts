import { RespProtocolError } from '../../wire/resp/reply-parser.ts'

/** Bytes that can be read again from any position; 0 at the end, which may move. */
export interface PositionedSource {
  read(into: Buffer, position: number): number
}

/** A command of a replication stream. Everything in it is valid until the reader's next pull. */
export interface StreamCommand {
  /** In small letters. */
  readonly name: string
  /** Name and arguments. */
  readonly words: readonly Buffer[]
  /** As it stands on the wire. */
  readonly bytes: Buffer
}

const firstBufferBytes = 1024 * 1024
const maxUnitBytes = 1024 ** 3
const [carriageReturn, lineFeed, asterisk, dollar] = [0x0d, 0x0a, 0x2a, 0x24] as const

/**
 * Reads the commands of a replication stream, in units that may not be parted: a command by itself, or a transaction.
 *
 * In: whole or half units; what is half is read again when more is there. The buffer grows to the largest unit, at most
 * 1 GiB. Source: Redis `src/replication.c`, replicationFeedSlaves; the protocol specification, RESP2.
 */
export class StreamReader {
  readonly #source: PositionedSource
  #buffer: Buffer
  /** `buffer[0]` is this position of the stream. */
  #base: number
  #at = 0
  #unitAt = 0
  #end = 0

  constructor(source: PositionedSource, position: number, bufferBytes = firstBufferBytes) {
    this.#source = source
    this.#base = position
    this.#buffer = Buffer.allocUnsafe(bufferBytes)
  }

  /** The position after the last unit. */
  get position(): number {
    return this.#base + this.#at
  }

  /** Where the last unit begins. */
  get unitPosition(): number {
    return this.#base + this.#unitAt
  }

  /** The next unit's commands, without MULTI and EXEC; null when it is not whole yet. Throws RespProtocolError. */
  next(): readonly StreamCommand[] | null {
    for (;;) {
      const unit = this.#parseUnit()
      if (unit !== null) return unit
      if (!this.#fill()) return null
    }
  }

  /** Room is made only when there is none behind what is still needed. */
  #fill(): boolean {
    if (this.#end === this.#buffer.length) {
      const kept = this.#buffer.subarray(this.#at, this.#end)
      if (kept.length > this.#buffer.length / 2) {
        if (this.#buffer.length >= maxUnitBytes) throw new RespProtocolError('a transaction does not end')
        this.#buffer = Buffer.allocUnsafe(this.#buffer.length * 2)
      }
      kept.copy(this.#buffer)
      this.#base += this.#at
      this.#at = 0
      this.#end = kept.length
    }
    const count = this.#source.read(this.#buffer.subarray(this.#end), this.#base + this.#end)
    this.#end += count
    return count > 0
  }

  #parseUnit(): readonly StreamCommand[] | null {
    this.#unitAt = this.#at
    const first = this.#parseCommand(this.#at)
    if (first === null) return null
    if (first.command.name !== 'multi') {
      this.#at = first.end
      return [first.command]
    }
    const commands: StreamCommand[] = []
    for (let at = first.end; ; ) {
      const next = this.#parseCommand(at)
      if (next === null) return null
      at = next.end
      if (next.command.name === 'exec') {
        this.#at = at
        return commands
      }
      commands.push(next.command)
    }
  }

  #parseCommand(from: number): { readonly command: StreamCommand; readonly end: number } | null {
    const buffer = this.#buffer
    let start = from
    // A server may say by an empty line that it lives.
    while (start < this.#end && (buffer[start] === lineFeed || buffer[start] === carriageReturn)) start++
    const count = this.#number(start, asterisk)
    if (count === null) return null
    if (count.value === 0) throw new RespProtocolError('a command has no words')
    let at = count.end
    const words: Buffer[] = []
    for (let n = 0; n < count.value; n++) {
      const length = this.#number(at, dollar)
      if (length === null) return null
      at = length.end + length.value + 2
      if (at > this.#end) return null
      words.push(buffer.subarray(length.end, at - 2))
    }
    const name = (words[0] ?? buffer).toString('latin1').toLowerCase()
    return { command: { name, words, bytes: buffer.subarray(start, at) }, end: at }
  }

  /** A type byte, digits, line break; null when they are not all there. */
  #number(from: number, type: number): { readonly value: number; readonly end: number } | null {
    if (from >= this.#end) return null
    const buffer = this.#buffer
    if (buffer[from] !== type) throw new RespProtocolError('a word of a command begins with a byte that is no type')
    let value = 0
    for (let at = from + 1; at < this.#end; at++) {
      const byte = buffer[at] ?? 0
      if (byte === carriageReturn) return at + 1 < this.#end ? { value, end: at + 2 } : null
      if (byte < 0x30 || byte > 0x39 || value > maxUnitBytes)
        throw new RespProtocolError('a length of a command is none')
      value = value * 10 + byte - 0x30
    }
    return null
  }
}
