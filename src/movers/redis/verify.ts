import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import type { ObjectStore } from '../../ports/objects.ts'
import type { RedisMoveRequest, RedisVerifyReport } from '../../ports/redis.ts'
import { classify } from '../../threescale/backend-keys.ts'
import { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import { ReplyError, RespProtocolError } from '../../wire/resp/reply-parser.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { CarryPolicy } from './carry.ts'
import { checkpointKey } from './checkpoint.ts'
import { CompareWriter } from './compare-writer.ts'
import { connectionFault, replyFault } from './connection-faults.ts'
import { Differences } from './differences.ts'
import { fault } from './faults.ts'
import { isInPart, KeySet, keyHash, partsFor } from './key-set.ts'
import { Progress } from './progress.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'
import { StatsSums } from './stats-sums.ts'
import { ask, demand, info, openRedis, selectDatabase } from './target.ts'
import { describeEndpoint } from '../../model/redis-endpoint.ts'

const yieldEveryKeys = 4096

/** What the snapshot holds of one database of the target. */
interface Tally {
  /** Of them all, compared or not. */
  entries: number
  keys: number
  expiring: number
}

/**
 * Compares every carried key of the snapshot with the target: strings byte by byte, collections by their elements,
 * expiry by its time; then looks for keys that the target has besides, and for keys that expire there only.
 *
 * Reads both sides, changes neither. Memory is bounded by what is in flight; only when the target holds more keys than
 * were compared does it take eight bytes per key more, 16 MB at most, to find out which. Faults: RDB_*, those of connecting.
 */
export async function verifyRedis(
  request: RedisMoveRequest,
  clock: Clock,
  objects: ObjectStore,
): Promise<RedisVerifyReport> {
  const startedMs = clock.elapsedMs()
  const snapshot = await takeSnapshot(request.source, { ...request, clock, objects })
  let pipe: RespPipe | undefined
  try {
    pipe = await openRedis(request.target, 'target', request.signal)
    const work: VerifyWork = {
      request,
      snapshot,
      pipe,
      policy: new CarryPolicy(request),
      differences: new Differences(),
      sums: new StatsSums(),
      clock,
    }
    const { tallies, keys, expired } = await compareAll(work)
    const notChecked = await compareWhatIsBesides(work, tallies)
    const differences = await work.differences.refined(pipe, request.target)
    return {
      verdict: work.differences.count === 0 ? 'equal' : 'different',
      keys,
      expired,
      differences,
      differenceCount: work.differences.count,
      stats: work.sums.list(),
      notChecked: [...snapshot.notes, ...notChecked],
      tookMs: clock.elapsedMs() - startedMs,
    }
  } catch (error) {
    throw connectionFault(error, 'target', request.target, 'comparing')
  } finally {
    pipe?.close()
    await snapshot.close()
  }
}

interface VerifyWork {
  readonly request: RedisMoveRequest
  readonly snapshot: Snapshot
  readonly pipe: RespPipe
  readonly policy: CarryPolicy
  readonly differences: Differences
  readonly sums: StatsSums
  readonly clock: Clock
}

async function compareAll(work: VerifyWork) {
  const { request, snapshot, pipe, policy, sums, clock } = work
  const writer = await compareWriter(work)
  const progress = new Progress('verify', snapshot.bytes, clock, request.onProgress)
  const reader = new RdbReader(snapshot.read())
  const tallies = new Map<number, Tally>()
  let tally: Tally = { entries: 0, keys: 0, expiring: 0 }
  let database = -1
  let [seen, keys, expired] = [0, 0, 0]
  while (reader.next()) {
    if (reader.db !== database) {
      database = reader.db
      const target = policy.databaseFor(database)
      await writer.select(target)
      tally = tallies.get(target) ?? { entries: 0, keys: 0, expiring: 0 }
      tallies.set(target, tally)
    }
    tally.entries++
    if (++seen % yieldEveryKeys === 0 && progress.show(seen, reader.offset)) await setImmediate()
    const family = policy.familyOf(reader)
    if (!policy.carriesEntry(reader, family)) continue
    if (reader.expiresAtMs >= 0 && reader.expiresAtMs <= work.clock.now()) {
      expired++
      continue
    }
    keys++
    tally.keys++
    if (reader.expiresAtMs >= 0) tally.expiring++
    if (reader.type === 0 && family.kind === 'counter') sums.add(reader)
    const waiting = writer.compare(reader)
    if (waiting !== null) await waiting
  }
  await writer.flush()
  await pipe.drained()
  progress.end(seen)
  return { tallies, keys, expired }
}

async function compareWriter(work: VerifyWork): Promise<CompareWriter> {
  const { request, pipe, differences, sums, clock } = work
  const exact = await ask(pipe, request.target, 'target', 'PEXPIRETIME', checkpointKey)
  const time = await ask(pipe, request.target, 'target', 'TIME')
  const seconds = Array.isArray(time) && Buffer.isBuffer(time[0]) ? Number(time[0].toString()) * 1000 : clock.now()
  const skewMs = seconds - clock.now()
  return new CompareWriter(pipe, {
    differences,
    exactExpiry: !(exact instanceof ReplyError),
    targetNow: () => clock.now() + (Math.abs(skewMs) < 2000 ? 0 : skewMs),
    refuse: (reply, command) => {
      throw (
        replyFault(reply, 'target', request.target, command) ??
        new RespProtocolError(`the target refused ${command} (${reply.code})`)
      )
    },
    onChangedString: (key, expected, found) => sums.differs(key, expected, found),
  })
}

/** Keys that are in the target only, and times of expiry that are there only. Gives what could not be looked at. */
async function compareWhatIsBesides(work: VerifyWork, tallies: ReadonlyMap<number, Tally>): Promise<readonly string[]> {
  const { request, pipe } = work
  const keyspace = await info(pipe)
  const notChecked: string[] = []
  const suspicious = new Set<number>()
  for (const [database, tally] of tallies) {
    await selectDatabase(pipe, request.target, 'target', database)
    const size = Number(await demand(pipe, request.target, 'target', 'DBSIZE'))
    if (size !== tally.keys) await findExtras(work, database, tally.entries)
    const expires = /expires=(\d+)/.exec(keyspace.get(`db${database}`) ?? '')?.[1]
    if (expires !== undefined && Number(expires) > tally.expiring) suspicious.add(database)
  }
  if (suspicious.size > 0) await findExpiring(work, suspicious)
  if (keyspace.size === 0) {
    notChecked.push('whether keys expire in the target only: it does not let this user run INFO')
  }
  return notChecked
}

/**
 * Scans one database of the target for keys that the snapshot does not have: both sides are gone over once for every
 * `mostHashes` keys.
 */
async function findExtras(work: VerifyWork, database: number, entries: number): Promise<void> {
  const parts = partsFor(entries)
  for (let part = 0; part < parts; part++) {
    const isOfPart = (hash: number) => isInPart(hash, part, parts)
    const known = await knownKeys(work, database, new KeySet(Math.ceil(entries / parts)), isOfPart)
    await scanForExtras(work, database, (hash) => isOfPart(hash) && !known.has(hash))
  }
}

async function knownKeys(
  work: VerifyWork,
  database: number,
  known: KeySet,
  isWanted: (hash: number) => boolean,
): Promise<KeySet> {
  const { policy, request } = work
  const reader = new RdbReader(work.snapshot.read(), { verifyChecksum: false })
  let keys = 0
  while (reader.next()) {
    if (++keys % yieldEveryKeys === 0) {
      await setImmediate()
      request.signal.throwIfAborted()
    }
    if (policy.databaseFor(reader.db) !== database) continue
    const hash = keyHash(reader.keyBytes, reader.keyStart, reader.keyEnd, 0)
    if (isWanted(hash)) known.add(hash)
  }
  return known
}

async function scanForExtras(work: VerifyWork, database: number, isUnknown: (hash: number) => boolean): Promise<void> {
  const { request, pipe, policy, differences } = work
  const own = Buffer.from(checkpointKey)
  // SCAN may give a key twice.
  const named = new Set<number>()
  let cursor: Buffer | string = '0'
  do {
    request.signal.throwIfAborted()
    const reply = await demand(pipe, request.target, 'target', 'SCAN', cursor, 'COUNT', '1000')
    const [next, keys] = Array.isArray(reply) ? reply : []
    if (!Buffer.isBuffer(next) || !Array.isArray(keys)) {
      throw fault('REDIS_FORBIDDEN', { side: 'target', address: describeEndpoint(request.target), command: 'SCAN' })
    }
    cursor = next
    for (const key of keys) {
      if (!Buffer.isBuffer(key) || key.equals(own)) continue
      const hash = keyHash(key, 0, key.length, 0)
      if (!isUnknown(hash) || named.has(hash)) continue
      // What is not carried is not compared either: 3scale itself makes such keys in the target.
      if (!policy.carries(classify(key, 0, key.length))) continue
      named.add(hash)
      differences.add('extra', key, { database, position: null }, null)
    }
  } while (cursor.toString() !== '0')
}

/** Asks for the time left of every key that should not expire. */
async function findExpiring(work: VerifyWork, databases: ReadonlySet<number>): Promise<void> {
  const { policy, pipe } = work
  const writer = await compareWriter(work)
  const reader = new RdbReader(work.snapshot.read(), { verifyChecksum: false })
  let database = -1
  while (reader.next()) {
    const target = policy.databaseFor(reader.db)
    if (!databases.has(target) || reader.expiresAtMs >= 0 || !policy.carriesEntry(reader, policy.familyOf(reader)))
      continue
    if (target !== database) {
      await writer.select(target)
      database = target
    }
    await writer.compareNoExpiry(reader)
  }
  await writer.flush()
  await pipe.drained()
}
