import type { Fault } from '../../base/fault.ts'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import { classify } from '../../threescale/backend-keys.ts'
import type { CommandBlock, ReplyCheck } from '../../wire/resp/command-block.ts'
import { type Reply, ReplyError, RespProtocolError } from '../../wire/resp/reply-parser.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { type Checkpoint, checkpointKey, encodeCheckpoint } from './checkpoint.ts'
import { replyFault } from './connection-faults.ts'
import { fault } from './faults.ts'

const commandsPerTransaction = 1024
const bytesPerTransaction = 256 * 1024
/** MULTI, SELECT, SET and EXEC, without the checkpoint's text. */
const overheadBytes = 256
/** Of a stream of which nothing is carried, so much may pass without a checkpoint. */
const uncheckedBytes = 1024 * 1024

/** What the applier is told of each command, for messages; none of its words. */
export interface Applied {
  readonly command: string
  /** Of the target. */
  readonly database: number
  /** Where it ends in the stream, as an offset of the source's replication. */
  readonly offset: string
}

/** A transaction took effect, but for a command that failed in it. `checkpoint` says so, for whoever comes next. */
export class FollowStuck extends Error {
  override readonly name = 'FollowStuck'
  readonly fault: Fault
  readonly checkpoint: Checkpoint

  constructor(stuck: Fault, checkpoint: Checkpoint) {
    super(stuck.message)
    this.fault = stuck
    this.checkpoint = checkpoint
  }
}

interface Queued extends Applied {
  readonly family: string
  /** Where it ends in the batch. */
  readonly end: number
}

/**
 * Carries commands of a stream out in the target, each once: in transactions, each with the checkpoint that covers it.
 *
 * A transaction goes out only when the one before it has been answered for. Were several on their way, one could be
 * refused (out of memory, say) and the next accepted, whose checkpoint would then hide the gap. What the target does not
 * even queue leaves the transaction undone and may be tried again; a command that fails in EXEC is FollowStuck.
 *
 * A kill after such a failure and before its mark leaves a checkpoint that does not know of it: `redis verify` does.
 */
export class StreamApplier {
  readonly #pipe: RespPipe
  readonly #target: RedisEndpoint
  readonly #home: number
  readonly #checkpoint: (position: number) => Checkpoint
  #batch: Buffer = Buffer.allocUnsafe(bytesPerTransaction)
  #batchBytes = 0
  #queued: Queued[] = []
  #database = -1
  #answered: Promise<void> = Promise.resolve()
  #position: number
  #sent: number
  #applied: number

  /**
   * `position`: up to here everything is in. `home`: the target's database that has the checkpoint; `checkpoint` makes it
   * for a position.
   */
  constructor(
    pipe: RespPipe,
    target: RedisEndpoint,
    options: {
      readonly position: number
      readonly home: number
      readonly checkpoint: (position: number) => Checkpoint
    },
  ) {
    this.#pipe = pipe
    this.#target = target
    this.#home = options.home
    this.#checkpoint = options.checkpoint
    this.#position = options.position
    this.#sent = options.position
    this.#applied = options.position
  }

  /** Up to here the target has answered for everything. */
  get applied(): number {
    return this.#applied
  }

  /** Takes a command, of which nothing is kept. It goes out with the rest of its unit, which `endUnit` ends. */
  add(bytes: Buffer, key: Buffer, about: Applied): void {
    if (about.database !== this.#database) this.#select(about)
    this.#put(bytes, { ...about, family: classify(key, 0, key.length).name })
  }

  /** Everything up to `position` may go out; it does when it is much. */
  async endUnit(position: number): Promise<void> {
    this.#position = position
    if (this.#queued.length >= commandsPerTransaction || this.#batchBytes >= bytesPerTransaction) await this.#send()
  }

  /** Sends what waits and waits until the target has answered for it. */
  async settle(): Promise<void> {
    if (this.#queued.length > 0 || this.#position - this.#sent >= uncheckedBytes) await this.#send()
    await this.#answered
  }

  #select(about: Applied): void {
    const database = String(about.database)
    const words = `*2\r\n$6\r\nSELECT\r\n$${database.length}\r\n${database}\r\n`
    this.#put(Buffer.from(words), { ...about, command: 'SELECT', family: 'none' })
    this.#database = about.database
  }

  #put(bytes: Buffer, about: Applied & { readonly family: string }): void {
    const end = this.#batchBytes + bytes.length
    if (end > this.#batch.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#batch.length * 2))
      this.#batch.copy(larger, 0, 0, this.#batchBytes)
      this.#batch = larger
    }
    bytes.copy(this.#batch, this.#batchBytes)
    this.#batchBytes = end
    this.#queued.push({ ...about, end })
  }

  async #send(): Promise<void> {
    await this.#answered
    const position = this.#position
    const checkpoint = this.#checkpoint(position)
    const text = encodeCheckpoint(checkpoint)
    const queued = this.#queued
    const block = await this.#pipe.acquire(this.#batchBytes + text.length + overheadBytes)
    const own = {
      command: 'SET',
      family: 'checkpoint',
      database: this.#home,
      offset: checkpoint.followed?.offset ?? '',
    }
    const check = new QueueCheck(this.#target, own)
    block.array(1)
    block.text('MULTI')
    block.expectText('+OK\r\n')
    block.end(check)
    let start = 0
    for (const one of queued) {
      block.raw(this.#batch, start, one.end)
      start = one.end
      expectQueued(block, new QueueCheck(this.#target, one))
    }
    block.array(2)
    block.text('SELECT')
    block.text(String(this.#home))
    expectQueued(block, check)
    block.array(3)
    block.text('SET')
    block.text(checkpointKey)
    block.text(text)
    expectQueued(block, check)
    block.array(1)
    block.text('EXEC')
    block.end(new ExecCheck(this.#target, queued, own, checkpoint))
    this.#pipe.send(block)
    this.#begin(position)
  }

  /** What comes next is another transaction, whose database is not known yet. */
  #begin(position: number): void {
    this.#queued = []
    this.#batchBytes = 0
    this.#database = -1
    this.#sent = position
    this.#answered = this.#answer(position)
    // Whoever sends or settles next is told.
    this.#answered.catch(() => undefined)
  }

  async #answer(position: number): Promise<void> {
    await this.#pipe.drained()
    this.#applied = position
  }
}

function expectQueued(block: CommandBlock, check: ReplyCheck): void {
  block.expectText('+QUEUED\r\n')
  block.end(check)
}

/** A command that is not queued leaves its whole transaction undone. */
class QueueCheck implements ReplyCheck {
  readonly #target: RedisEndpoint
  readonly #about: Applied & { readonly family: string }

  constructor(target: RedisEndpoint, about: Applied & { readonly family: string }) {
    this.#target = target
    this.#about = about
  }

  onReply(reply: Reply): void {
    if (!(reply instanceof ReplyError)) throw new RespProtocolError('a command of a transaction was not queued')
    throw refused(reply, this.#target, this.#about)
  }
}

class ExecCheck implements ReplyCheck {
  readonly #target: RedisEndpoint
  readonly #queued: readonly Queued[]
  readonly #own: Applied & { readonly family: string }
  readonly #checkpoint: Checkpoint

  constructor(
    target: RedisEndpoint,
    queued: readonly Queued[],
    own: Applied & { readonly family: string },
    checkpoint: Checkpoint,
  ) {
    this.#target = target
    this.#queued = queued
    this.#own = own
    this.#checkpoint = checkpoint
  }

  onReply(reply: Reply): void {
    if (reply instanceof ReplyError) throw refused(reply, this.#target, this.#own)
    if (!Array.isArray(reply)) throw new RespProtocolError('EXEC gave no list')
    const at = reply.findIndex((one: Reply) => one instanceof ReplyError)
    const failed: unknown = reply[at]
    if (!(failed instanceof ReplyError)) return
    const { command, family, database, offset } = this.#queued[at] ?? this.#own
    const address = describeEndpoint(this.#target)
    const stuck = fault('REDIS_FOLLOW_STUCK', { address, command, family, database, offset, code: failed.code })
    throw new FollowStuck(stuck, { ...this.#checkpoint, state: 'stuck' })
  }
}

function refused(reply: ReplyError, target: RedisEndpoint, about: Applied & { readonly family: string }): Fault {
  const { command, family, database, offset } = about
  const address = describeEndpoint(target)
  return (
    replyFault(reply, 'target', target, command) ??
    fault('REDIS_FOLLOW_REFUSED', { address, command, family, database, offset, code: reply.code })
  )
}
