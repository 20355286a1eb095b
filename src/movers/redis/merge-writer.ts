import type { Fault } from '../../base/fault.ts'
import { never } from '../../base/never.ts'
import { describeEndpoint } from '../../model/redis-endpoint.ts'
import type { RedisMoveRequest } from '../../ports/redis.ts'
import { addsUp, type KeyFamily } from '../../threescale/backend-keys.ts'
import type { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import { kindOfType } from '../../wire/rdb/rdb-types.ts'
import { decodeElements, decodeString, StringSlice } from '../../wire/rdb/rdb-value.ts'
import type { CommandBlock, ReplyCheck } from '../../wire/resp/command-block.ts'
import { type Reply, ReplyError, RespProtocolError } from '../../wire/resp/reply-parser.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { type Checkpoint, checkpointKey, encodeCheckpoint } from './checkpoint.ts'
import type { Claim } from './claim-target.ts'
import { fault } from './faults.ts'
import { Place } from './place.ts'
import { chunksOf } from './decoded-commands.ts'

const commandsPerTransaction = 1024
const overheadBytes = 256
const integer = /^-?\d{1,19}$/

/** A transaction took effect, but for a command that failed in it. `checkpoint` says so, for whoever comes next. */
export class MergeStuck extends Error {
  override readonly name = 'MergeStuck'
  readonly fault: Fault
  readonly database: number
  readonly checkpoint: Checkpoint

  constructor(stuck: Fault, database: number, checkpoint: Checkpoint) {
    super(stuck.message)
    this.fault = stuck
    this.database = database
    this.checkpoint = checkpoint
  }
}

interface Queued {
  readonly family: string
  readonly position: number
}

/**
 * Adds entries to what the target has: counters by INCRBY, sets by SADD, sorted sets by ZADD NX, lists by RPUSH, hash
 * fields and other strings only where there are none.
 *
 * Entries go in transactions, each with the checkpoint that covers it: whatever the moment of a crash, an entry was
 * added once or not at all. A key's commands are never parted.
 */
export class MergeWriter {
  readonly #pipe: RespPipe
  readonly #request: Pick<RedisMoveRequest, 'target' | 'mode' | 'carry'>
  readonly #snapshot: string
  readonly #value = new StringSlice()
  #claim: Claim | null = null
  #block: CommandBlock | null = null
  #queued: Queued[] = []
  #position = -1

  constructor(pipe: RespPipe, request: Pick<RedisMoveRequest, 'target' | 'mode' | 'carry'>, snapshot: string) {
    this.#pipe = pipe
    this.#request = request
    this.#snapshot = snapshot
  }

  async select(claim: Claim): Promise<void> {
    await this.flush()
    this.#claim = claim
    const block = await this.#pipe.acquire()
    block.array(2)
    block.text('SELECT')
    block.text(String(claim.database))
    block.expectText('+OK\r\n')
    block.end(new Place(this.#request.target, claim.database, 0))
    this.#pipe.send(block)
  }

  /** Faults: REDIS_NOT_A_COUNTER. */
  async put(reader: RdbReader, family: KeyFamily): Promise<void> {
    // What waits may move the reader's buffers no more than its `next` does; the key is needed for every command.
    const { keyBytes, keyStart, keyEnd, offset, expiresAtMs } = reader
    const command = async (words: readonly (string | Buffer)[]) => {
      const bytes = words.reduce((sum, word) => sum + word.length + 24, keyEnd - keyStart)
      const block = await this.#blockFor(bytes)
      block.array(words.length + 1)
      words.forEach((word, i) => {
        if (typeof word === 'string') block.text(word)
        else block.word(word, 0, word.length)
        if (i === 0) block.word(keyBytes, keyStart, keyEnd)
      })
      block.expectText('+QUEUED\r\n')
      block.end(this.#place(offset))
      this.#queued.push({ family: family.name, position: offset })
    }
    if (this.#queued.length === 0) await this.#begin(offset)
    for (const words of this.#commandsFor(reader, family)) await command(words)
    if (expiresAtMs >= 0 && reader.type !== 0) await command(['PEXPIREAT', String(expiresAtMs)])
    this.#position = offset
    if (this.#queued.length >= commandsPerTransaction) await this.#commit()
  }

  async flush(): Promise<void> {
    if (this.#queued.length > 0) await this.#commit()
    if (this.#block !== null) this.#pipe.send(this.#block)
    this.#block = null
  }

  #commandsFor(reader: RdbReader, family: KeyFamily): readonly (readonly (string | Buffer)[])[] {
    const kind = kindOfType(reader.type)
    if (kind === 'string') {
      const value = this.#value
      decodeString(reader.valueBytes, reader.valueStart, reader.valueEnd, value)
      const bytes = value.bytes.subarray(value.start, value.end)
      if (reader.expiresAtMs >= 0) return [['SET', bytes, 'NX', 'PXAT', String(reader.expiresAtMs)]]
      if (!addsUp(family)) return [['SET', bytes, 'NX']]
      if (bytes.length > 20 || !integer.test(bytes.toString('latin1'))) {
        throw fault('REDIS_NOT_A_COUNTER', { family: family.name, database: reader.db, position: reader.offset })
      }
      return [['INCRBY', bytes]]
    }
    const words = decodeElements(reader.type, reader.valueBytes, reader.valueStart, reader.valueEnd)
    switch (kind) {
      case 'list':
        return [...chunksOf(words, 1)].map((chunk) => ['RPUSH', ...chunk.words])
      case 'set':
        return [...chunksOf(words, 1)].map((chunk) => ['SADD', ...chunk.words])
      case 'zset':
        return [...chunksOf(words, 2)].map((chunk) => ['ZADD', 'NX', ...swapped(chunk.words)])
      case 'hash':
        return [...chunksOf(words, 2)].flatMap((chunk) => pairs(chunk.words).map((pair) => ['HSETNX', ...pair]))
      default:
        return never(kind)
    }
  }

  async #begin(offset: number): Promise<void> {
    const block = await this.#blockFor(0)
    block.array(1)
    block.text('MULTI')
    block.expectText('+OK\r\n')
    block.end(this.#place(offset))
  }

  async #commit(): Promise<void> {
    const claim = this.#current()
    const { mode, carry } = this.#request
    const checkpoint: Checkpoint = {
      state: 'running',
      snapshot: this.#snapshot,
      mode,
      carry,
      offset: this.#position,
      merged: claim.merged,
    }
    const text = encodeCheckpoint(checkpoint)
    const block = await this.#blockFor(text.length)
    block.array(3)
    block.text('SET')
    block.text(checkpointKey)
    block.text(text)
    block.expectText('+QUEUED\r\n')
    block.end(this.#place(this.#position))
    block.array(1)
    block.text('EXEC')
    block.end(this.#execCheck(checkpoint, claim.database, this.#queued))
    this.#queued = []
    this.#pipe.send(block)
    this.#block = null
    // One at a time: were this one refused (out of memory) and the next one taken, its checkpoint would hide the gap.
    await this.#pipe.drained()
  }

  #execCheck(checkpoint: Checkpoint, database: number, queued: readonly Queued[]): ReplyCheck {
    const { target } = this.#request
    return {
      onReply: (reply: Reply, request: Buffer) => {
        if (reply instanceof ReplyError) throw this.#place(checkpoint.offset).faultFor(reply, request)
        if (!Array.isArray(reply)) throw new RespProtocolError('EXEC gave no list')
        const at = reply.findIndex((one) => one instanceof ReplyError)
        const failed = reply[at]
        if (!(failed instanceof ReplyError)) return
        const place = queued[at] ?? { family: 'checkpoint', position: checkpoint.offset }
        const stuck = fault('REDIS_MERGE_STUCK', {
          address: describeEndpoint(target),
          database,
          family: place.family,
          position: place.position,
          code: failed.code,
        })
        throw new MergeStuck(stuck, database, { ...checkpoint, state: 'stuck', offset: place.position })
      },
    }
  }

  #place(position: number): Place {
    return new Place(this.#request.target, this.#current().database, position)
  }

  #current(): Claim {
    if (this.#claim === null) throw new Error('bug: no database was selected')
    return this.#claim
  }

  async #blockFor(bytes: number): Promise<CommandBlock> {
    const needed = bytes + overheadBytes
    const block = this.#block
    if (block !== null && !this.#pipe.isFull(block, needed)) return block
    if (block !== null) this.#pipe.send(block)
    this.#block = null
    const next = await this.#pipe.acquire(needed)
    this.#block = next
    return next
  }
}

function pairs(words: readonly Buffer[]): readonly (readonly Buffer[])[] {
  return words.flatMap((_, i) => (i % 2 === 0 ? [words.slice(i, i + 2)] : []))
}

function swapped(words: readonly Buffer[]): readonly Buffer[] {
  return pairs(words).flatMap((pair) => pair.toReversed())
}
