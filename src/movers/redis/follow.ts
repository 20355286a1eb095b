import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import type { RedisFollowed, RedisMoveRequest } from '../../ports/redis.ts'
import { RespProtocolError } from '../../wire/resp/reply-parser.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { withAbsoluteExpiry } from './absolute-expiry.ts'
import type { CarryPolicy } from './carry.ts'
import { type Checkpoint, checkpointKey, encodeCheckpoint, type Followed } from './checkpoint.ts'
import { type Claim, claimTarget, markTarget } from './claim-target.ts'
import { fault } from './faults.ts'
import type { SourceTail } from './source-tail.ts'
import { FollowStuck, StreamApplier } from './stream-applier.ts'
import { type Decision, StreamFilter } from './stream-filter.ts'
import { type StreamCommand, StreamReader } from './stream-reader.ts'
import { demand, openRedis, selectDatabase, type TargetAbilities } from './target.ts'

const lookEveryMs = 200
const showEveryMs = 1000
const yieldEveryUnits = 1024

export interface FollowWork {
  readonly request: RedisMoveRequest
  /** How long the source has to be quiet. */
  readonly quietMs: number
  readonly pipe: RespPipe
  readonly policy: CarryPolicy
  readonly abilities: TargetAbilities
  readonly tail: SourceTail
  /** The folder of the spool, for messages. */
  readonly folder: string
  /** The snapshot's digest. */
  readonly snapshot: string
  /** Databases of the source that are carried already. */
  readonly databases: readonly number[]
  /** Databases of the target that are claimed already, that of the target's URL among them. */
  readonly claims: readonly Claim[]
  /** What an earlier run has done of this; null: nothing, the snapshot has just become whole. */
  readonly followed: Followed | null
  /** The source's database that the stream begins in. */
  readonly firstDatabase: number
  readonly clock: Clock
}

/**
 * Carries out in the target what the source was told after its snapshot, each command once, until the source has been
 * quiet: until nothing about a carried key has come for `quietMs`, and the source has shown after that time that it lives
 * (a PING, every 10 seconds by default).
 *
 * A key that is to expire does so by the target's clock. One that runs out there while the target is behind, and that the
 * source lets live longer by a command which comes later, is changed as if it were new: `redis verify` says so.
 *
 * Out: what was done, and the claims with those databases that only the stream has filled. Faults: REDIS_FOLLOW_*,
 * REDIS_STREAM_*, those of the tail, and those of claiming. Abort or kill: the target's checkpoint says how far it is.
 */
export async function followSource(
  work: FollowWork,
): Promise<{ readonly followed: RedisFollowed; readonly claims: readonly Claim[] }> {
  const { request } = work
  const keys = await openRedis(request.target, 'target', request.signal)
  try {
    const filter = await StreamFilter.open(keys, request.target, work.policy)
    const follower = new Follower(work, filter)
    await follower.begin()
    await follower.run()
    return follower.result()
  } catch (error) {
    if (error instanceof FollowStuck) await markStuck(work, error)
    throw error instanceof FollowStuck ? error.fault : error
  } finally {
    keys.close()
  }
}

/** The stream's position up to which an earlier run has applied everything; 0 when there was none. */
export function appliedPosition(tail: SourceTail, followed: Followed | null): number {
  return followed === null ? 0 : Number(BigInt(followed.offset) - tail.placeAt(0).offset)
}

class Follower {
  readonly #work: FollowWork
  readonly #filter: StreamFilter
  readonly #applier: StreamApplier
  readonly #reader: StreamReader
  readonly #claims: Claim[]
  readonly #newDatabases: number[]
  readonly #sourceDatabases: Set<number>
  readonly #startedMs: number
  #database: number
  /** As `#database`, at the end of the last unit: what a checkpoint says. */
  #databaseAtEnd: number
  #commands = 0
  #skipped = 0
  #units = 0
  #carriedMs: number
  #shownMs: number

  constructor(work: FollowWork, filter: StreamFilter) {
    const { tail, followed, request } = work
    const position = appliedPosition(tail, followed)
    this.#work = work
    this.#filter = filter
    this.#claims = [...work.claims]
    this.#newDatabases = [...(followed?.databases ?? [])]
    this.#sourceDatabases = new Set(work.databases)
    this.#database = followed?.database ?? work.firstDatabase
    this.#databaseAtEnd = this.#database
    this.#reader = new StreamReader(tail.spool, position)
    this.#applier = new StreamApplier(work.pipe, request.target, {
      position,
      home: request.target.db,
      checkpoint: (at) => this.#checkpointAt(at),
    })
    this.#startedMs = work.clock.elapsedMs()
    this.#carriedMs = this.#startedMs
    this.#shownMs = this.#startedMs
  }

  /** From here on nothing of the snapshot may be written again: what the stream does would be undone. */
  async begin(): Promise<void> {
    const { request, pipe, followed } = this.#work
    if (followed !== null) return
    await selectDatabase(pipe, request.target, 'target', request.target.db)
    await demand(pipe, request.target, 'target', 'SET', checkpointKey, encodeCheckpoint(this.#checkpointAt(0)))
  }

  async run(): Promise<void> {
    const { request, tail } = this.#work
    for (;;) {
      request.signal.throwIfAborted()
      const unit = this.#next()
      if (unit !== null) {
        await this.#take(unit)
        continue
      }
      await this.#applier.settle()
      tail.spool.dropBefore(this.#applier.applied)
      // What has been received is in before it is said that no more will come.
      tail.throwIfFailed()
      this.#show(false)
      if (this.#isQuiet()) return this.#show(true)
      await tail.changed(lookEveryMs)
    }
  }

  result(): { readonly followed: RedisFollowed; readonly claims: readonly Claim[] } {
    const { request } = this.#work
    const followed = this.#placeAt(this.#reader.position)
    const { offset } = followed
    const claims = this.#claims.map((claim) => (claim.database === request.target.db ? { ...claim, followed } : claim))
    return { followed: { commands: this.#commands, skipped: this.#skipped, offset }, claims }
  }

  #next(): readonly StreamCommand[] | null {
    const { tail, folder } = this.#work
    try {
      return this.#reader.next()
    } catch (cause) {
      if (!(cause instanceof RespProtocolError)) throw cause
      throw fault('REDIS_STREAM_DAMAGED', { folder, offset: String(tail.placeAt(this.#reader.position).offset) }, cause)
    }
  }

  async #take(unit: readonly StreamCommand[]): Promise<void> {
    const { tail, policy, clock } = this.#work
    const offset = String(tail.placeAt(this.#reader.position).offset)
    const arrivedMs = tail.arrivedAt(this.#reader.unitPosition)
    const applied: { readonly command: StreamCommand; readonly database: number; readonly decision: Decision }[] = []
    for (const command of unit) {
      const deciding = this.#filter.decide(command)
      const decision = deciding instanceof Promise ? await deciding : deciding
      switch (decision.kind) {
        case 'beat':
          break
        case 'skip':
          this.#skipped++
          break
        case 'select':
          this.#database = decision.database
          break
        case 'impossible':
          throw await this.#impossible(command, decision.why, offset)
        case 'apply':
          await this.#claim(this.#database)
          applied.push({ command, database: policy.databaseFor(this.#database), decision })
          break
      }
    }
    for (const { command, database, decision } of applied) {
      if (decision.kind !== 'apply') continue
      const timed = withAbsoluteExpiry(command, arrivedMs, this.#work.abilities.setPxat)
      this.#applier.add(timed ?? decision.bytes, decision.key, {
        command: this.#filter.nameFor(command),
        database,
        offset,
      })
    }
    this.#commands += applied.length
    if (applied.length > 0) this.#carriedMs = clock.elapsedMs()
    this.#databaseAtEnd = this.#database
    await this.#applier.endUnit(this.#reader.position)
    if (++this.#units % yieldEveryUnits === 0) {
      this.#show(false)
      await setImmediate()
    }
  }

  /** A database that the snapshot did not have is claimed before anything is written into it. */
  async #claim(database: number): Promise<void> {
    if (this.#sourceDatabases.has(database)) return
    const { policy, pipe, request, snapshot } = this.#work
    policy.refuseCollisions([...this.#sourceDatabases, database])
    const target = policy.databaseFor(database)
    if (!this.#claims.some((claim) => claim.database === target)) {
      await this.#applier.settle()
      const claims = await claimTarget(pipe, request, snapshot, [target])
      await markTarget(pipe, request, snapshot, claims)
      this.#claims.push(...claims)
      this.#newDatabases.push(target)
    }
    this.#sourceDatabases.add(database)
  }

  /** What came before it is in first, so that the message is true. */
  async #impossible(command: StreamCommand, why: string, offset: string): Promise<Error> {
    const name = this.#filter.nameFor(command)
    await this.#applier.settle()
    return fault('REDIS_FOLLOW_NOT_POSSIBLE', { command: name, family: 'none', database: this.#database, offset, why })
  }

  #isQuiet(): boolean {
    const { tail, quietMs } = this.#work
    const { heardMs } = tail
    return this.#reader.position === tail.spool.end && heardMs !== null && heardMs - this.#carriedMs >= quietMs
  }

  #checkpointAt(position: number): Checkpoint {
    const { request, snapshot } = this.#work
    const { mode, carry, target } = request
    const merged = this.#claims.find((claim) => claim.database === target.db)?.merged ?? []
    return { state: 'running', snapshot, mode, carry, offset: -1, merged, followed: this.#placeAt(position) }
  }

  #placeAt(position: number): Followed {
    const { replid, offset } = this.#work.tail.placeAt(position)
    return { replid, offset: String(offset), database: this.#databaseAtEnd, databases: [...this.#newDatabases] }
  }

  #show(done: boolean): void {
    const { clock, request, tail } = this.#work
    const now = clock.elapsedMs()
    if (!done && now - this.#shownMs < showEveryMs) return
    this.#shownMs = now
    request.onProgress({
      phase: 'follow',
      keys: this.#commands,
      bytes: this.#applier.applied,
      totalBytes: tail.spool.end,
      elapsedMs: now - this.#startedMs,
      done,
      lag: { bytes: tail.spool.end - this.#applier.applied, quietMs: now - this.#carriedMs },
    })
  }
}

/** The transaction took effect but for one command: no later run may believe its checkpoint. */
async function markStuck(work: FollowWork, stuck: FollowStuck): Promise<void> {
  const { request } = work
  const pipe = await openRedis(request.target, 'target', request.signal)
  try {
    await demand(pipe, request.target, 'target', 'SET', checkpointKey, encodeCheckpoint(stuck.checkpoint))
  } finally {
    pipe.close()
  }
}
