import type { RedisEndpoint } from '../../model/redis-endpoint.ts'
import { restoreOverheadBytes, restorePayload } from '../../wire/rdb/crc64.ts'
import type { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import { kindOfType, versionOfType } from '../../wire/rdb/rdb-types.ts'
import { decodeElements, decodeString, StringSlice } from '../../wire/rdb/rdb-value.ts'
import type { CommandBlock } from '../../wire/resp/command-block.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { chunksOf, fillCommands } from './decoded-commands.ts'
import { Place } from './place.ts'
import type { TargetAbilities } from './target.ts'

/**
 * [measured] MSET of 64 plain strings loads 379,000 keys/s where SET per key loads 282,000: the target's hash table is
 * the limit, and fewer commands leave it more time. Batches of 16 and of 500 are slower.
 */
const pairsPerBatch = 64
const batchBytes = 48 * 1024
/** A command's own words, its lengths and line breaks: more than any command here takes. */
const overheadBytes = 160
/** From here on a value goes in pieces: a server takes no word above 512 MiB, and may be set to less. */
const wholeValueBytes = 64 * 1024 ** 2

/**
 * Writes entries as they are, over whatever the key held. Any entry may be written again.
 *
 * Plain strings wait in one block, everything else in another, so that batches stay whole; `flush` sends both. A value
 * is RESTOREd when the target knows its type, otherwise decoded and built up by commands.
 */
export class OverwriteWriter {
  readonly #pipe: RespPipe
  readonly #target: RedisEndpoint
  readonly #abilities: TargetAbilities
  readonly #value = new StringSlice()
  #database = -1
  #plain: CommandBlock | null = null
  #other: CommandBlock | null = null
  #pairs = 0
  #batchStart = 0
  #batchPosition = 0

  constructor(pipe: RespPipe, target: RedisEndpoint, abilities: TargetAbilities) {
    this.#pipe = pipe
    this.#target = target
    this.#abilities = abilities
  }

  /** Everything from now on goes into this database of the target. */
  async select(database: number): Promise<void> {
    await this.flush()
    const block = await this.#pipe.acquire()
    block.array(2)
    block.text('SELECT')
    block.text(String(database))
    block.expectText('+OK\r\n')
    block.end(new Place(this.#target, database, 0))
    this.#pipe.send(block)
    this.#database = database
  }

  /** Writes the reader's entry; null when that needed no waiting. */
  put(reader: RdbReader): Promise<void> | null {
    if (reader.type === 0 && reader.expiresAtMs < 0) return this.#putPlain(reader) ? null : this.#putPlainLater(reader)
    return this.#putOther(reader)
  }

  /** Sends what waits. */
  async flush(): Promise<void> {
    this.#closeBatch()
    for (const block of [this.#plain, this.#other]) if (block !== null) this.#pipe.send(block)
    this.#plain = null
    this.#other = null
  }

  #putPlain(reader: RdbReader): boolean {
    const value = this.#value
    decodeString(reader.valueBytes, reader.valueStart, reader.valueEnd, value)
    const needed = reader.keyEnd - reader.keyStart + value.end - value.start + overheadBytes
    const block = this.#plain
    if (block === null || this.#pipe.isFull(block, needed)) return false
    if (this.#pairs === 0) {
      this.#batchStart = block.at
      this.#batchPosition = reader.offset
      block.openBatch()
    }
    block.word(reader.keyBytes, reader.keyStart, reader.keyEnd)
    block.word(value.bytes, value.start, value.end)
    this.#pairs++
    if (this.#pairs === pairsPerBatch || block.at - this.#batchStart >= batchBytes) this.#closeBatch()
    return true
  }

  async #putPlainLater(reader: RdbReader): Promise<void> {
    this.#closeBatch()
    if (this.#plain !== null) this.#pipe.send(this.#plain)
    this.#plain = null
    const needed = reader.keyEnd - reader.keyStart + this.#value.end - this.#value.start + overheadBytes
    this.#plain = await this.#pipe.acquire(needed)
    if (!this.#putPlain(reader)) throw new Error('bug: a new block has no room')
  }

  #closeBatch(): void {
    const block = this.#plain
    if (block === null || this.#pairs === 0) return
    block.closeBatch(`*${2 * this.#pairs + 1}\r\n$4\r\nMSET\r\n`)
    block.expectText('+OK\r\n')
    block.end(new Place(this.#target, this.#database, this.#batchPosition))
    this.#pairs = 0
  }

  #putOther(reader: RdbReader): Promise<void> | null {
    const keyBytes = reader.keyEnd - reader.keyStart
    const valueBytes = reader.valueEnd - reader.valueStart
    const isString = reader.type === 0
    if (isString && this.#abilities.setPxat) {
      const value = this.#value
      decodeString(reader.valueBytes, reader.valueStart, reader.valueEnd, value)
      const needed = keyBytes + value.end - value.start + overheadBytes
      const block = this.#other
      if (block === null || this.#pipe.isFull(block, needed)) return this.#putOtherLater(reader, needed)
      block.array(5)
      block.text('SET')
      block.word(reader.keyBytes, reader.keyStart, reader.keyEnd)
      block.word(value.bytes, value.start, value.end)
      block.text('PXAT')
      block.text(String(reader.expiresAtMs))
      block.expectText('+OK\r\n')
      block.end(new Place(this.#target, this.#database, reader.offset))
      return null
    }
    if (!isString && (versionOfType(reader.type) > this.#abilities.rdbVersion || valueBytes > wholeValueBytes)) {
      return this.#putDecoded(reader)
    }
    const payloadBytes = valueBytes + restoreOverheadBytes
    const needed = keyBytes + payloadBytes + overheadBytes
    const block = this.#other
    if (block === null || this.#pipe.isFull(block, needed)) return this.#putOtherLater(reader, needed)
    block.array(6)
    block.text('RESTORE')
    block.word(reader.keyBytes, reader.keyStart, reader.keyEnd)
    block.text(String(Math.max(0, reader.expiresAtMs)))
    const at = block.openWord(payloadBytes)
    restorePayload(reader.type, reader.valueBytes, reader.valueStart, reader.valueEnd, block.bytes, at)
    block.closeWord()
    block.text('REPLACE')
    block.text('ABSTTL')
    block.expectText('+OK\r\n')
    block.end(new Place(this.#target, this.#database, reader.offset))
    return null
  }

  async #putOtherLater(reader: RdbReader, needed: number): Promise<void> {
    await this.#renewOther(needed)
    if (this.#putOther(reader) !== null) throw new Error('bug: a new block has no room')
  }

  async #renewOther(needed: number): Promise<CommandBlock> {
    if (this.#other !== null) this.#pipe.send(this.#other)
    this.#other = null
    const block = await this.#pipe.acquire(needed)
    this.#other = block
    return block
  }

  /** DEL, then the value piece by piece, then its expiry. Cut off anywhere, writing the entry again makes it whole. */
  async #putDecoded(reader: RdbReader): Promise<void> {
    const kind = kindOfType(reader.type)
    if (kind === 'string') throw new Error('bug: a string is never built up')
    const { command, wordsPerElement, scoreFirst } = fillCommands[kind]
    const place = new Place(this.#target, this.#database, reader.offset)
    const key = Buffer.from(reader.keyBytes.subarray(reader.keyStart, reader.keyEnd))
    const expiresAtMs = reader.expiresAtMs
    const elements = decodeElements(reader.type, reader.valueBytes, reader.valueStart, reader.valueEnd)
    let block = await this.#blockFor(key.length)
    block.array(2)
    block.text('DEL')
    block.word(key, 0, key.length)
    // 0 or 1: either is right, so nothing is predicted and only an error counts.
    block.end(place)
    for (const chunk of chunksOf(elements, wordsPerElement)) {
      block = await this.#blockFor(key.length + chunk.bytes)
      block.array(2 + chunk.words.length)
      block.text(command)
      block.word(key, 0, key.length)
      for (let i = 0; i < chunk.words.length; i += wordsPerElement) {
        const [first, second] = [chunk.words[i], chunk.words[i + 1]]
        const ordered = wordsPerElement === 1 ? [first] : scoreFirst ? [second, first] : [first, second]
        for (const word of ordered) if (word !== undefined) block.word(word, 0, word.length)
      }
      block.end(place)
    }
    if (expiresAtMs >= 0) {
      block = await this.#blockFor(key.length)
      block.array(3)
      block.text('PEXPIREAT')
      block.word(key, 0, key.length)
      block.text(String(expiresAtMs))
      block.end(place)
    }
  }

  async #blockFor(bytes: number): Promise<CommandBlock> {
    const block = this.#other
    const needed = bytes + overheadBytes
    return block === null || this.#pipe.isFull(block, needed) ? await this.#renewOther(needed) : block
  }
}
