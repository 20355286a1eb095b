import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import type { ObjectStore } from '../../ports/objects.ts'
import type { RedisCopyReport, RedisMoveRequest } from '../../ports/redis.ts'
import { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { CarryPolicy, FamilyCounts } from './carry.ts'
import { type Checkpoint, checkpointKey, encodeCheckpoint, type Followed } from './checkpoint.ts'
import { type Claim, claimTarget, markTarget, readCheckpoint, releaseTarget } from './claim-target.ts'
import { connectionFault } from './connection-faults.ts'
import { fault } from './faults.ts'
import { appliedPosition, followSource } from './follow.ts'
import { type LiveSource, openLiveSource } from './live-source.ts'
import { MergeStuck, MergeWriter } from './merge-writer.ts'
import { OverwriteWriter } from './overwrite-writer.ts'
import { Progress } from './progress.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'
import type { SourceTail } from './source-tail.ts'
import { type Survey, surveySnapshot } from './survey.ts'
import {
  demand,
  mergeCommands,
  openRedis,
  probeTarget,
  selectDatabase,
  type TargetAbilities,
  writeCommands,
} from './target.ts'
import { throttleByLatency } from './throttle.ts'
import { waitForReplicas } from './wait-for-replicas.ts'

const checkpointBytes = 5 * 1024 ** 2
const yieldEveryKeys = 4096

/**
 * Copies a snapshot into a target, and stops at the first key that the target does not take.
 *
 * Order: spool; try what the target can do; read the snapshot once for its checksum; claim the target's databases; write,
 * with a checkpoint in the target every 5 MB; follow the source, if that is wanted; release. No key is written before the
 * first four are well.
 *
 * A run that was killed is gone on with by the same request: entries up to the checkpoint are skipped. In `overwrite`
 * what came after it is written again; in `merge` and `requeue` the checkpoint is part of the transaction that it is
 * about, so nothing is ever added twice. What a live source was spooled into stays for that until the copy ends well.
 */
export async function copyRedis(
  request: RedisMoveRequest,
  clock: Clock,
  objects: ObjectStore,
): Promise<RedisCopyReport> {
  if (request.source.kind === 'server') return copyLive(request.source.endpoint, request, clock)
  if (request.followQuietMs !== null) throw new Error('bug: only a server can be followed')
  const snapshot = await takeSnapshot(request.source, { ...request, clock, objects })
  try {
    if (!snapshot.exact && request.mode !== 'overwrite') throw fault('REDIS_MERGE_NEEDS_ONE_MOMENT', {})
    return await copySnapshot({ request, snapshot, live: null, onWriting: () => undefined, clock })
  } finally {
    await snapshot.close()
  }
}

async function copyLive(endpoint: RedisEndpoint, request: RedisMoveRequest, clock: Clock): Promise<RedisCopyReport> {
  if (request.followQuietMs !== null && (request.mode !== 'overwrite' || request.ontoExisting)) {
    throw new Error('bug: a source is followed into an empty target only')
  }
  const live = await openLiveSource(endpoint, request, clock)
  let keep = live.reused
  try {
    const { snapshot } = live
    if (!snapshot.exact && request.mode !== 'overwrite') {
      throw fault('REDIS_MERGE_NEEDS_ONE_MOMENT', {})
    }
    const onWriting = () => {
      keep = true
    }
    const report = await copySnapshot({ request, snapshot, live, onWriting, clock })
    keep = false
    return report
  } catch (error) {
    // The spool has had its purpose.
    if (error instanceof Fault && error.code === 'REDIS_ALREADY_MERGED') keep = false
    if (keep) request.onSpoolKept({ folder: live.folder, bytes: live.bytes })
    throw error
  } finally {
    await live.close(keep)
  }
}

interface CopyJob {
  readonly request: RedisMoveRequest
  readonly snapshot: Snapshot
  /** Null when the snapshot is a file's. */
  readonly live: LiveSource | null
  /** Is told before the target is changed. */
  readonly onWriting: () => void
  readonly clock: Clock
}

async function copySnapshot(job: CopyJob): Promise<RedisCopyReport> {
  const { request, snapshot, live, clock } = job
  const startedMs = clock.elapsedMs()
  let pipe: RespPipe | undefined
  try {
    const policy = new CarryPolicy(request)
    pipe = await openRedis(request.target, 'target', request.signal)
    const abilities = await probeForMode(pipe, request, clock)
    const survey = await surveySnapshot(snapshot, policy, abilities.maxMemory > 0, request.signal)
    const claims = await claimAll(pipe, job, survey, policy)
    const resumed = claims.some((claim) => claim.resumed)
    const followed = claims.find((claim) => claim.followed !== null)?.followed ?? null
    if (!resumed) refuseTooLarge(request, survey.memoryBytes, abilities)
    job.onWriting()
    await markTarget(pipe, request, snapshot.digest, claims)
    const tail = claims.some((claim) => claim.ended) ? null : (live?.tail ?? null)
    if (tail !== null) live?.startTail(appliedPosition(tail, followed))
    const progress = new Progress('copy', snapshot.bytes, clock, request.onProgress)
    const stopThrottle = await throttleByLatency(pipe, request, clock)
    const nowMs = clock.now() + abilities.skewMs
    const work = { request, snapshot, policy, pipe, abilities, claims, progress, nowMs, tail }
    let counts: CopyCounts
    let following: Awaited<ReturnType<typeof followSource>> | null = null
    try {
      counts = await (request.mode === 'overwrite' ? overwrite(work) : merge(work))
      progress.end()
      following = await follow(work, live, survey, followed, clock)
    } finally {
      await stopThrottle()
    }
    await releaseTarget(pipe, request, snapshot.digest, following?.claims ?? claims)
    return {
      verdict: 'copied',
      keys: counts.carried.total,
      families: counts.carried.list(),
      skipped: counts.skipped.list(),
      expired: counts.expired,
      resumed,
      followed: following?.followed ?? null,
      notes: [
        ...snapshot.notes,
        ...(survey.functions > 0 ? [`${survey.functions} function libraries were left behind`] : []),
        ...(abilities.usedMemory === null
          ? ['the target does not let this user run INFO: its memory was not looked at']
          : []),
        ...(await waitForReplicas(pipe)),
      ],
      tookMs: clock.elapsedMs() - startedMs,
    }
  } catch (error) {
    throw connectionFault(error, 'target', request.target, 'copying')
  } finally {
    pipe?.close()
  }
}

/** Tries what this mode needs. Faults: those of `probeTarget`. */
async function probeForMode(pipe: RespPipe, request: RedisMoveRequest, clock: Clock): Promise<TargetAbilities> {
  const { target, mode, followQuietMs } = request
  const transacts = mode !== 'overwrite' || followQuietMs !== null
  const abilities = await probeTarget(
    pipe,
    target,
    clock,
    transacts ? [...writeCommands, ...mergeCommands] : writeCommands,
  )
  if (mode !== 'overwrite' && !abilities.setPxat) {
    const address = describeEndpoint(target)
    throw fault('REDIS_TARGET_TOO_OLD', { address, lacks: 'SET … PXAT, which merging needs,', wanted: '6.2' })
  }
  return abilities
}

/**
 * Claims what the snapshot fills; with a source that is or was followed also the database of the target's URL, which
 * has the checkpoint of that, and those that only the commands after the snapshot have filled.
 *
 * Faults: those of `claimTarget`, REDIS_FOLLOW_UNFINISHED.
 */
async function claimAll(
  pipe: RespPipe,
  { request, snapshot }: CopyJob,
  survey: Survey,
  policy: CarryPolicy,
): Promise<readonly Claim[]> {
  const { target, followQuietMs } = request
  const databases = new Set([...survey.databases.keys()].map((database) => policy.databaseFor(database)))
  await selectDatabase(pipe, target, 'target', target.db)
  const before = (await readCheckpoint(pipe, target))?.followed
  if (followQuietMs !== null || before !== undefined) databases.add(target.db)
  for (const database of before?.databases ?? []) databases.add(database)
  const claims = await claimTarget(pipe, request, snapshot.digest, [...databases])
  const followed = claims.find((claim) => claim.followed !== null)
  if (followed === undefined) return claims
  if (followQuietMs === null && !followed.ended) {
    throw fault('REDIS_FOLLOW_UNFINISHED', { address: describeEndpoint(target), database: followed.database })
  }
  // Written again, the snapshot would undo what came after it.
  return claims.map((claim) => ({ ...claim, after: Infinity }))
}

/** Null when there is nothing to follow. */
async function follow(
  work: CopyWork,
  live: LiveSource | null,
  survey: Survey,
  followed: Followed | null,
  clock: Clock,
): Promise<Awaited<ReturnType<typeof followSource>> | null> {
  const { request, tail, snapshot } = work
  if (live === null || tail === null || request.followQuietMs === null) return null
  return followSource({
    ...work,
    quietMs: request.followQuietMs,
    tail,
    folder: live.folder,
    snapshot: snapshot.digest,
    databases: [...survey.databases.keys()],
    followed,
    firstDatabase: streamDatabaseOf(snapshot),
    clock,
  })
}

/** A replica passes on what its primary sends, which may begin in any database. Source: Redis `src/rdb.c`, rdbSaveInfoAuxFields. */
function streamDatabaseOf(snapshot: Snapshot): number {
  const reader = new RdbReader(snapshot.read(), { verifyChecksum: false })
  reader.next()
  return Number(reader.header.aux.get('repl-stream-db') ?? 0)
}

interface CopyWork {
  readonly request: RedisMoveRequest
  readonly snapshot: Snapshot
  readonly policy: CarryPolicy
  readonly pipe: RespPipe
  readonly abilities: TargetAbilities
  readonly claims: readonly Claim[]
  readonly progress: Progress
  /** By the target's clock. */
  readonly nowMs: number
  /** Receives meanwhile what comes after the snapshot; null when that is not wanted. */
  readonly tail: SourceTail | null
}

class CopyCounts {
  readonly carried = new FamilyCounts()
  readonly skipped = new FamilyCounts()
  expired = 0
}

/** Takes each entry of the snapshot in turn: counts it, and gives those that are carried to `put`. */
async function eachCarried(
  work: CopyWork,
  counts: CopyCounts,
  put: (reader: RdbReader, family: ReturnType<CarryPolicy['familyOf']>) => Promise<void> | null,
  onDatabase: (claim: Claim) => Promise<void>,
  onEntries: (reader: RdbReader) => Promise<void>,
): Promise<void> {
  const { policy, claims, request, progress, nowMs } = work
  // The first pass has compared the checksum.
  const reader = new RdbReader(work.snapshot.read(), { verifyChecksum: false })
  let database = -1
  let after = -1
  let keys = 0
  while (reader.next()) {
    if (reader.db !== database) {
      const target = policy.databaseFor(reader.db)
      const claim = claims.find((one) => one.database === target)
      if (claim === undefined) throw new Error('bug: the snapshot has a database that its first pass did not see')
      await onDatabase(claim)
      database = reader.db
      after = claim.after
    }
    const family = policy.familyOf(reader)
    if (!policy.carriesEntry(reader, family)) counts.skipped.add(family)
    else if (reader.expiresAtMs >= 0 && reader.expiresAtMs <= nowMs) counts.expired++
    else {
      counts.carried.add(family)
      if (reader.offset > after) {
        const waiting = put(reader, family)
        if (waiting !== null) await waiting
      }
    }
    if (++keys % yieldEveryKeys === 0) {
      await onEntries(reader)
      request.signal.throwIfAborted()
      work.tail?.throwIfFailed()
      if (progress.show(keys, reader.offset)) await setImmediate()
    }
  }
}

async function overwrite(work: CopyWork): Promise<CopyCounts> {
  const { request, pipe, snapshot } = work
  const writer = new OverwriteWriter(pipe, request.target, work.abilities)
  const counts = new CopyCounts()
  let current: Claim | null = null
  let last = 0
  const settle = async (offset: number) => {
    if (current === null || offset <= current.after) return
    await writer.flush()
    // Only what the target has answered for may be called done.
    await pipe.drained()
    const { mode, carry } = request
    const state = { state: 'running', snapshot: snapshot.digest, mode, carry, offset, merged: current.merged } as const
    await demand(pipe, request.target, 'target', 'SET', checkpointKey, encodeCheckpoint(state satisfies Checkpoint))
    last = offset
  }
  await eachCarried(
    work,
    counts,
    (reader) => writer.put(reader),
    async (claim) => {
      await writer.select(claim.database)
      current = claim
    },
    async (reader) => {
      if (reader.offset - last >= checkpointBytes) await settle(reader.offset)
    },
  )
  await writer.flush()
  await pipe.drained()
  return counts
}

async function merge(work: CopyWork): Promise<CopyCounts> {
  const { request, pipe, snapshot } = work
  const writer = new MergeWriter(pipe, request, snapshot.digest)
  const counts = new CopyCounts()
  try {
    await eachCarried(
      work,
      counts,
      (reader, family) => writer.put(reader, family),
      (claim) => writer.select(claim),
      async () => undefined,
    )
    await writer.flush()
    await pipe.drained()
    return counts
  } catch (error) {
    if (error instanceof MergeStuck) await markStuck(work, error)
    throw error instanceof MergeStuck ? error.fault : error
  }
}

/** The transaction took effect but for one command: no later run may believe its checkpoint. */
async function markStuck(work: CopyWork, stuck: MergeStuck): Promise<void> {
  const { request } = work
  const pipe = await openRedis({ ...request.target, db: stuck.database }, 'target', request.signal)
  try {
    await demand(pipe, request.target, 'target', 'SET', checkpointKey, encodeCheckpoint(stuck.checkpoint))
  } finally {
    pipe.close()
  }
}

function refuseTooLarge(request: RedisMoveRequest, needed: number, abilities: TargetAbilities): void {
  if (abilities.maxMemory === 0 || abilities.usedMemory === null) return
  const free = abilities.maxMemory - abilities.usedMemory
  if (needed > free) throw fault('REDIS_MEMORY_FORECAST', { address: describeEndpoint(request.target), needed, free })
}
