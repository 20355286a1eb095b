import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import type { RedisMoveRequest } from '../../ports/redis.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import {
  type Checkpoint,
  checkpointKey,
  decodeCheckpoint,
  encodeCheckpoint,
  type Followed,
  isSameCopy,
  mergeName,
} from './checkpoint.ts'
import { fault } from './faults.ts'
import { demand, selectDatabase } from './target.ts'

/** What is to be done with one database of the target. */
export interface Claim {
  readonly database: number
  /** Entries that begin at or before this byte are in already; -1: none is. */
  readonly after: number
  /** Merges that were finished here before. */
  readonly merged: readonly string[]
  /** True: a checkpoint of this very copy was found. */
  readonly resumed: boolean
  /** How far an earlier run has followed the source after the snapshot; null: it has not begun to. */
  readonly followed: Followed | null
  /** True: that copy had ended, and only its checkpoints were still to be removed. */
  readonly ended: boolean
}

/**
 * Makes sure that each database of the target is empty, or holds what this very copy wrote, or is meant to be added to.
 *
 * Faults: REDIS_TARGET_NOT_EMPTY, REDIS_TARGET_OTHER_SNAPSHOT, REDIS_ALREADY_MERGED, REDIS_MERGE_STUCK,
 * REDIS_FOLLOW_STUCK. Nothing is changed.
 */
export async function claimTarget(
  pipe: RespPipe,
  request: Pick<RedisMoveRequest, 'target' | 'mode' | 'carry' | 'ontoExisting'>,
  snapshot: string,
  databases: readonly number[],
): Promise<readonly Claim[]> {
  const { target, mode, carry } = request
  const copy = { snapshot, mode, carry }
  const found: { readonly database: number; readonly keys: number; readonly checkpoint: Checkpoint | null }[] = []
  for (const database of databases) {
    await selectDatabase(pipe, target, 'target', database)
    const checkpoint = await readCheckpoint(pipe, target)
    const size = Number(await demand(pipe, target, 'target', 'DBSIZE'))
    found.push({ database, keys: size - (checkpoint === null ? 0 : 1), checkpoint })
  }
  // An end that was cut short: everything is in, and only checkpoints were still to be removed.
  const ended = found.some(
    ({ checkpoint: c }) => c !== null && c.state === 'done' && mode === 'overwrite' && isSameCopy(c, copy),
  )
  const claims = found.map((one) => claim(one, request, copy, ended))
  if (mode !== 'overwrite' && claims.length > 0 && claims.every((c) => c.after === Infinity)) {
    throw fault('REDIS_ALREADY_MERGED', { address: describeEndpoint(target), database: claims[0]?.database ?? 0 })
  }
  return claims
}

/** Marks each database as being filled by this copy: from here on it may be gone on with. */
export async function markTarget(
  pipe: RespPipe,
  request: Pick<RedisMoveRequest, 'target' | 'mode' | 'carry'>,
  snapshot: string,
  claims: readonly Claim[],
): Promise<void> {
  const { target, mode, carry } = request
  for (const { database, after, merged } of claims) {
    if (after === Infinity) continue
    await selectDatabase(pipe, target, 'target', database)
    const checkpoint: Checkpoint = { state: 'running', snapshot, mode, carry, offset: after, merged }
    await demand(pipe, target, 'target', 'SET', checkpointKey, encodeCheckpoint(checkpoint))
  }
}

function claim(
  found: { readonly database: number; readonly keys: number; readonly checkpoint: Checkpoint | null },
  request: Pick<RedisMoveRequest, 'target' | 'mode' | 'ontoExisting'>,
  copy: Pick<Checkpoint, 'snapshot' | 'mode' | 'carry'>,
  ended: boolean,
): Claim {
  const { database, keys, checkpoint } = found
  const address = describeEndpoint(request.target)
  const merged = checkpoint?.merged ?? []
  const followed = checkpoint?.followed ?? null
  if (ended) return { database, after: Infinity, merged, resumed: true, followed, ended }
  if (checkpoint !== null && checkpoint.state !== 'done') {
    if (!isSameCopy(checkpoint, copy)) throw fault('REDIS_TARGET_OTHER_SNAPSHOT', { address, database })
    if (checkpoint.state === 'stuck' && followed !== null) {
      throw fault('REDIS_FOLLOW_STUCK', {
        address,
        database,
        family: 'unknown',
        command: 'a command',
        offset: followed.offset,
        code: 'met before',
      })
    }
    if (checkpoint.state === 'stuck') {
      throw fault('REDIS_MERGE_STUCK', {
        address,
        database,
        family: 'unknown',
        position: checkpoint.offset,
        code: 'met before',
      })
    }
    return { database, after: followed === null ? checkpoint.offset : Infinity, merged, resumed: true, followed, ended }
  }
  if (request.mode !== 'overwrite') {
    const after = merged.includes(mergeName(copy)) ? Infinity : -1
    return { database, after, merged, resumed: false, followed: null, ended }
  }
  if (keys > 0 && !request.ontoExisting) throw fault('REDIS_TARGET_NOT_EMPTY', { address, database, keys })
  return { database, after: -1, merged, resumed: false, followed: null, ended }
}

/** The checkpoint of the database that is selected; null when there is none. */
export async function readCheckpoint(pipe: RespPipe, target: RedisEndpoint): Promise<Checkpoint | null> {
  const reply = await demand(pipe, target, 'target', 'GET', checkpointKey)
  return Buffer.isBuffer(reply) ? decodeCheckpoint(reply.toString()) : null
}

/**
 * Ends a copy that is whole. An overwrite leaves nothing of ours behind; a merge leaves its name, so that it is never
 * done twice.
 */
export async function releaseTarget(
  pipe: RespPipe,
  request: Pick<RedisMoveRequest, 'target' | 'mode' | 'carry'>,
  snapshot: string,
  claims: readonly Claim[],
): Promise<void> {
  const { target, mode, carry } = request
  const copy = { snapshot, mode, carry }
  for (const { database, merged, followed } of claims) {
    const all = mode === 'overwrite' ? merged : [...new Set([...merged, mergeName(copy)])]
    await selectDatabase(pipe, target, 'target', database)
    const done = { state: 'done', ...copy, offset: -1, merged: all } as const
    const text = encodeCheckpoint(followed === null ? done : { ...done, followed })
    await demand(pipe, target, 'target', 'SET', checkpointKey, text)
  }
  if (mode !== 'overwrite') return
  // Last the one that knows which databases there are besides those of the snapshot.
  for (const { database } of claims.toSorted((a, b) => Number(a.followed !== null) - Number(b.followed !== null))) {
    await selectDatabase(pipe, target, 'target', database)
    await demand(pipe, target, 'target', 'DEL', checkpointKey)
  }
}
