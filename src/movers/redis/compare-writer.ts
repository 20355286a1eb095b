import { kindOfType, type ValueKind } from '../../wire/rdb/rdb-types.ts'
import { decodeElements, decodeString, StringSlice } from '../../wire/rdb/rdb-value.ts'
import type { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import type { CommandBlock, ReplyCheck } from '../../wire/resp/command-block.ts'
import { type Reply, ReplyError } from '../../wire/resp/reply-parser.ts'
import { decodeReply, type RespPipe, wordsOf } from '../../wire/resp/resp-pipe.ts'
import { chunksOf } from './decoded-commands.ts'
import type { Differences } from './differences.ts'

const keysPerBatch = 64
const batchBytes = 48 * 1024
const overheadBytes = 160
const positionsKept = 2 ** 18
/** What a time of expiry may differ by: exactly known, or only as time left when the answer comes. */
const toleranceMs = { exact: 1000, left: 5000 } as const

const countCommands = { list: 'LLEN', set: 'SCARD', hash: 'HLEN', zset: 'ZCARD' } as const
const memberCommands = { set: 'SISMEMBER', hash: 'HGET', zset: 'ZSCORE' } as const
const noWord = Buffer.alloc(0)

export interface CompareOptions {
  readonly differences: Differences
  /** PEXPIRETIME, since 7.0; otherwise PTTL. */
  readonly exactExpiry: boolean
  /** The target's clock. */
  readonly targetNow: () => number
  /** Refuses an error reply that is no difference (missing rights, a failed-over server), by throwing. */
  readonly refuse: (reply: ReplyError, command: string) => void
  /** Is told what a plain string that differs is on both sides; the target's is null when it is none. */
  readonly onChangedString: (key: Buffer, expected: Buffer, found: Buffer | null) => void
}

interface Place {
  readonly database: number
  readonly position: number
}

/**
 * Asks the target for entries and predicts every byte of its answers. What is as predicted is equal, and costs one
 * memory comparison; what is not is decoded, compared by meaning, and noted.
 *
 * Plain strings go by MGET in one block; the rest element by element in another, so that the memory taken is bounded by
 * what is in flight and not by the largest key.
 */
export class CompareWriter {
  readonly #pipe: RespPipe
  readonly #options: CompareOptions
  readonly #value = new StringSlice()
  #database = -1
  #plain: CommandBlock | null = null
  #other: CommandBlock | null = null
  #batchStart = 0
  #pairs = 0
  /** Positions of the plain keys on their way, by their running number; what it takes is far more than may be. */
  readonly #positions = new Float64Array(positionsKept)
  #plainKeys = 0

  constructor(pipe: RespPipe, options: CompareOptions) {
    this.#pipe = pipe
    this.#options = options
  }

  async select(database: number): Promise<void> {
    await this.flush()
    const block = await this.#pipe.acquire()
    block.array(2)
    block.text('SELECT')
    block.text(String(database))
    block.expectText('+OK\r\n')
    block.end({ onReply: (reply) => this.#refuseErrors(reply, 'SELECT') })
    this.#pipe.send(block)
    this.#database = database
  }

  /** Compares the reader's entry; null when that needed no waiting. */
  compare(reader: RdbReader): Promise<void> | null {
    if (reader.type === 0 && reader.expiresAtMs < 0) return this.#comparePlain(reader) ? null : this.#plainLater(reader)
    return this.#compareOther(reader)
  }

  /** Compares only that the reader's key does not expire. */
  async compareNoExpiry(reader: RdbReader): Promise<void> {
    const { keyBytes, keyStart, keyEnd } = reader
    const block = await this.#blockFor(keyEnd - keyStart + overheadBytes)
    block.array(2)
    block.text('PTTL')
    block.word(keyBytes, keyStart, keyEnd)
    block.expectText(':-1\r\n')
    const kind = kindOfType(reader.type)
    block.end(
      this.#check(kind, this.#place(reader), (reply) => (typeof reply === 'number' && reply >= 0 ? 'expiry' : null)),
    )
  }

  async flush(): Promise<void> {
    this.#closeBatch()
    for (const block of [this.#plain, this.#other]) if (block !== null) this.#pipe.send(block)
    this.#plain = null
    this.#other = null
  }

  #comparePlain(reader: RdbReader): boolean {
    const value = this.#value
    decodeString(reader.valueBytes, reader.valueStart, reader.valueEnd, value)
    const needed = reader.keyEnd - reader.keyStart + overheadBytes
    const block = this.#plain
    if (block === null || this.#pipe.isFull(block, needed)) return false
    if (this.#pairs === 0) {
      this.#batchStart = block.at
      block.openBatch()
    }
    block.word(reader.keyBytes, reader.keyStart, reader.keyEnd)
    block.expectWord(value.bytes, value.start, value.end)
    this.#positions[this.#plainKeys++ % positionsKept] = reader.offset
    if (++this.#pairs === keysPerBatch || block.at - this.#batchStart >= batchBytes) this.#closeBatch()
    return true
  }

  async #plainLater(reader: RdbReader): Promise<void> {
    this.#closeBatch()
    if (this.#plain !== null) this.#pipe.send(this.#plain)
    this.#plain = null
    this.#plain = await this.#pipe.acquire(reader.keyEnd - reader.keyStart + overheadBytes)
    if (!this.#comparePlain(reader)) throw new Error('bug: a new block has no room')
  }

  #closeBatch(): void {
    const block = this.#plain
    const count = this.#pairs
    if (block === null || count === 0) return
    block.closeBatch(`*${count + 1}\r\n$4\r\nMGET\r\n`)
    block.closeExpectedBatch(`*${count}\r\n`)
    block.end(this.#batchCheck(this.#plainKeys - count, this.#database))
    this.#pairs = 0
  }

  #batchCheck(firstKey: number, database: number): ReplyCheck {
    const { differences, onChangedString } = this.#options
    return {
      onReply: (reply, request, expected) => {
        this.#refuseErrors(reply, 'MGET')
        const keys = wordsOf(request).slice(1)
        const wanted = decodeReply(expected)
        if (!Array.isArray(reply) || !Array.isArray(wanted)) throw new Error('bug: MGET gave no list')
        keys.forEach((key, i) => {
          const [found, should] = [reply[i], wanted[i]]
          if (!Buffer.isBuffer(should)) throw new Error('bug: a string was expected')
          if (Buffer.isBuffer(found) && found.equals(should)) return
          onChangedString(key, should, Buffer.isBuffer(found) ? found : null)
          differences.add(
            'changed',
            key,
            { database, position: this.#positions[(firstKey + i) % positionsKept] ?? null },
            'string',
          )
        })
      },
    }
  }

  async #compareOther(reader: RdbReader): Promise<void> {
    const place = this.#place(reader)
    const kind = kindOfType(reader.type)
    const key = Buffer.from(reader.keyBytes.subarray(reader.keyStart, reader.keyEnd))
    const { expiresAtMs } = reader
    const changed = this.#check(kind, place, () => 'changed', expiresAtMs)
    if (kind === 'string') {
      const value = this.#value
      decodeString(reader.valueBytes, reader.valueStart, reader.valueEnd, value)
      const block = this.#command('GET', key) ?? (await this.#commandLater('GET', key))
      block.expectWord(value.bytes, value.start, value.end)
      block.end(changed)
    } else {
      const elements = decodeElements(reader.type, reader.valueBytes, reader.valueStart, reader.valueEnd)
      const member = kind === 'zset' ? this.#check(kind, place, isOtherScore, expiresAtMs) : changed
      await this.#compareElements(kind, key, elements, { changed, member })
    }
    if (expiresAtMs >= 0) await this.#compareExpiry(key, kind, place, expiresAtMs)
  }

  async #compareElements(
    kind: Exclude<ValueKind, 'string'>,
    key: Buffer,
    elements: readonly Buffer[],
    checks: { readonly changed: ReplyCheck; readonly member: ReplyCheck },
  ): Promise<void> {
    const isPaired = kind === 'zset' || kind === 'hash'
    const count = countCommands[kind]
    const counted = this.#command(count, key) ?? (await this.#commandLater(count, key))
    counted.expectText(`:${isPaired ? elements.length / 2 : elements.length}\r\n`)
    counted.end(checks.changed)
    if (kind === 'list') return this.#compareList(key, elements, checks.changed)
    const ask = memberCommands[kind]
    for (let i = 0; i < elements.length; i += isPaired ? 2 : 1) {
      const member = elements[i] ?? noWord
      // Waiting for each of a million members would make more than it reads.
      const block = this.#command(ask, key, member) ?? (await this.#commandLater(ask, key, member))
      const value = elements[i + 1] ?? noWord
      if (isPaired) block.expectWord(value, 0, value.length)
      else block.expectText(':1\r\n')
      block.end(checks.member)
    }
  }

  async #compareList(key: Buffer, elements: readonly Buffer[], changed: ReplyCheck): Promise<void> {
    let from = 0
    for (const { words } of chunksOf(elements, 1)) {
      const range = [Buffer.from(String(from)), Buffer.from(String(from + words.length - 1))] as const
      const block = this.#command('LRANGE', key, ...range) ?? (await this.#commandLater('LRANGE', key, ...range))
      block.expectText(`*${words.length}\r\n`)
      for (const word of words) block.expectWord(word, 0, word.length)
      block.end(changed)
      from += words.length
    }
  }

  async #compareExpiry(key: Buffer, kind: ValueKind, place: Place, expiresAtMs: number): Promise<void> {
    const { exactExpiry, targetNow } = this.#options
    const ask = exactExpiry ? 'PEXPIRETIME' : 'PTTL'
    const block = this.#command(ask, key) ?? (await this.#commandLater(ask, key))
    if (exactExpiry) block.expectText(`:${expiresAtMs}\r\n`)
    const check = (reply: Reply) => {
      if (typeof reply !== 'number') return 'expiry'
      // -2: no such key, which the comparison of its value has told.
      if (reply === -2) return null
      const found = exactExpiry ? reply : targetNow() + reply
      const allowed = exactExpiry ? toleranceMs.exact : toleranceMs.left
      return reply === -1 || Math.abs(found - expiresAtMs) > allowed ? 'expiry' : null
    }
    block.end(this.#check(kind, place, check, expiresAtMs))
  }

  /** A check that notes what `differs` says; a key whose time has come meanwhile is no difference. */
  #check(
    kind: ValueKind,
    place: Place,
    differs: (reply: Reply, expected: Buffer) => 'changed' | 'expiry' | null,
    expiresAtMs = -1,
  ): ReplyCheck {
    const { differences, targetNow } = this.#options
    return {
      onReply: (reply, request, expected) => {
        if (!(reply instanceof ReplyError && reply.code === 'WRONGTYPE')) this.#refuseErrors(reply, 'reading')
        const difference = reply instanceof ReplyError ? 'changed' : differs(reply, expected)
        if (difference === null) return
        if (expiresAtMs >= 0 && targetNow() >= expiresAtMs) return
        const key = wordsOf(request)[1]
        if (key === undefined) throw new Error('bug: a command has no key')
        differences.add(difference, key, place, kind)
      },
    }
  }

  #refuseErrors(reply: Reply, command: string): void {
    if (reply instanceof ReplyError) this.#options.refuse(reply, command)
  }

  #place(reader: RdbReader): Place {
    return { database: this.#database, position: reader.offset }
  }

  /** The block with a command of at most two words after the key; null when the block has no room for it. */
  #command(command: string, key: Buffer, word?: Buffer, last?: Buffer): CommandBlock | null {
    const block = this.#other
    if (block === null || this.#pipe.isFull(block, roomFor(key, word, last))) return null
    block.array(2 + (word === undefined ? 0 : 1) + (last === undefined ? 0 : 1))
    block.text(command)
    block.word(key, 0, key.length)
    if (word !== undefined) block.word(word, 0, word.length)
    if (last !== undefined) block.word(last, 0, last.length)
    return block
  }

  async #commandLater(command: string, key: Buffer, word?: Buffer, last?: Buffer): Promise<CommandBlock> {
    await this.#blockFor(roomFor(key, word, last))
    const block = this.#command(command, key, word, last)
    if (block === null) throw new Error('bug: a new block has no room')
    return block
  }

  async #blockFor(needed: number): Promise<CommandBlock> {
    const block = this.#other
    if (block !== null && !this.#pipe.isFull(block, needed)) return block
    if (block !== null) this.#pipe.send(block)
    this.#other = null
    const next = await this.#pipe.acquire(needed)
    this.#other = next
    return next
  }
}

function roomFor(key: Buffer, word?: Buffer, last?: Buffer): number {
  return overheadBytes + key.length + (word?.length ?? 0) + (last?.length ?? 0)
}

/** One double has several texts. */
function isOtherScore(reply: Reply, expected: Buffer): 'changed' | null {
  return isSameScore(reply, decodeReply(expected)) ? null : 'changed'
}

function isSameScore(found: Reply, expected: Reply): boolean {
  if (!Buffer.isBuffer(found) || !Buffer.isBuffer(expected)) return false
  const [a, b] = [numberOf(found.toString()), numberOf(expected.toString())]
  return Object.is(a, b) || a === b
}

function numberOf(text: string): number {
  if (/^\+?inf$/i.test(text)) return Infinity
  if (/^-inf$/i.test(text)) return -Infinity
  return Number(text)
}
