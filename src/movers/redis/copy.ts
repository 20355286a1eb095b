import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import { describeEndpoint } from '../../model/redis-endpoint.ts'
import type { RedisCopyReport, RedisMoveRequest } from '../../ports/redis.ts'
import { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { CarryPolicy, FamilyCounts } from './carry.ts'
import { type Checkpoint, checkpointKey, encodeCheckpoint } from './checkpoint.ts'
import { type Claim, claimTarget, markTarget, releaseTarget } from './claim-target.ts'
import { connectionFault } from './connection-faults.ts'
import { fault } from './faults.ts'
import { MergeStuck, MergeWriter } from './merge-writer.ts'
import { OverwriteWriter } from './overwrite-writer.ts'
import { Progress } from './progress.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'
import { surveySnapshot } from './survey.ts'
import { demand, mergeCommands, openRedis, probeTarget, type TargetAbilities, writeCommands } from './target.ts'
import { throttleByLatency } from './throttle.ts'

const checkpointBytes = 5 * 1024 ** 2
const yieldEveryKeys = 4096

/**
 * Copies a snapshot into a target, and stops at the first key that the target does not take.
 *
 * Order: spool; try what the target can do; read the snapshot once for its checksum; claim the target's databases; write,
 * with a checkpoint in the target every 5 MB; release. No key is written before the first four are well.
 *
 * A run that was killed is gone on with by the same request: entries up to the checkpoint are skipped. In `overwrite`
 * what came after it is written again; in `merge` and `requeue` the checkpoint is part of the transaction that it is
 * about, so nothing is ever added twice.
 */
export async function copyRedis(request: RedisMoveRequest, clock: Clock): Promise<RedisCopyReport> {
  const startedMs = clock.elapsedMs()
  const snapshot = await takeSnapshot(request.source, { ...request, clock })
  let pipe: RespPipe | undefined
  try {
    if (!snapshot.exact && request.mode !== 'overwrite' && request.source.kind === 'server') {
      throw fault('REDIS_MERGE_NEEDS_ONE_MOMENT', { address: describeEndpoint(request.source.endpoint) })
    }
    const policy = new CarryPolicy(request)
    pipe = await openRedis(request.target, 'target', request.signal)
    const needs = request.mode === 'overwrite' ? writeCommands : [...writeCommands, ...mergeCommands]
    const abilities = await probeTarget(pipe, request.target, clock, needs)
    if (request.mode !== 'overwrite' && !abilities.setPxat) {
      throw fault('REDIS_TARGET_TOO_OLD', {
        address: describeEndpoint(request.target),
        lacks: 'SET … PXAT, which merging needs,',
        wanted: '6.2',
      })
    }
    const survey = await surveySnapshot(snapshot, policy, abilities.maxMemory > 0, request.signal)
    const databases = [...survey.databases.keys()].map((database) => policy.databaseFor(database))
    const claims = await claimTarget(pipe, request, snapshot.digest, databases)
    const resumed = claims.some((claim) => claim.resumed)
    if (!resumed) refuseTooLarge(request, survey.memoryBytes, abilities)
    await markTarget(pipe, request, snapshot.digest, claims)
    const progress = new Progress('copy', snapshot.bytes, clock, request.onProgress)
    const stopThrottle = await throttleByLatency(pipe, request, clock)
    const work = { request, snapshot, policy, pipe, abilities, claims, progress, nowMs: clock.now() + abilities.skewMs }
    let counts: CopyCounts
    try {
      counts = await (request.mode === 'overwrite' ? overwrite(work) : merge(work))
    } finally {
      await stopThrottle()
    }
    await releaseTarget(pipe, request, snapshot.digest, claims)
    progress.end()
    return {
      verdict: 'copied',
      keys: counts.carried.total,
      families: counts.carried.list(),
      skipped: counts.skipped.list(),
      expired: counts.expired,
      resumed,
      notes: [
        ...snapshot.notes,
        ...(survey.functions > 0 ? [`${survey.functions} function libraries were left behind`] : []),
        ...(abilities.usedMemory === null
          ? ['the target does not let this user run INFO: its memory was not looked at']
          : []),
      ],
      tookMs: clock.elapsedMs() - startedMs,
    }
  } catch (error) {
    throw connectionFault(error, 'target', request.target, 'copying')
  } finally {
    pipe?.close()
    await snapshot.close()
  }
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
