import type { RedisMode, RedisMoveRequest } from '../../ports/redis.ts'

/** The one key that a copy adds to each database that it fills; verification and counts leave it out. */
export const checkpointKey = 'threeshift:redis-copy'

/**
 * How far a copy has come in one database of the target, kept there.
 *
 * `running`: every entry of the snapshot up to the one that begins at `offset` is in (-1: none yet). `done`: all are.
 * `stuck`: a merge met a key that it cannot merge, or a command of the source failed; it may not go on. `merged` are the
 * merges that were ever finished.
 *
 * A checkpoint is believed after a fail-over of the target without WAIT: what a server replicates is one ordered stream,
 * so a replica that has the checkpoint has everything that was written before it.
 */
export interface Checkpoint {
  readonly state: 'running' | 'done' | 'stuck'
  readonly snapshot: string
  readonly mode: RedisMode
  readonly carry: RedisMoveRequest['carry']
  readonly offset: number
  readonly merged: readonly string[]
  /** Only in the database of the target's URL: the whole snapshot is in, and of the commands after it all up to here. */
  readonly followed?: Followed
}

/** How far the commands that came after a snapshot are in the target. */
export interface Followed {
  /** The source's replication: its name, and the offset (decimal) up to which every command is in. */
  readonly replid: string
  readonly offset: string
  /** The source's database that is selected there. */
  readonly database: number
  /** Databases of the target that these commands were the first to fill. */
  readonly databases: readonly number[]
}

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return JSON.stringify({ version: 1, ...checkpoint })
}

/** Null for what is none of ours, whatever it is. */
export function decodeCheckpoint(text: string): Checkpoint | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  // Every field is looked at before it is believed.
  const { version, state, snapshot, mode, carry, offset, merged, followed } = value as Record<string, unknown>
  if (version !== 1 || typeof snapshot !== 'string' || typeof offset !== 'number') return null
  if (state !== 'running' && state !== 'done' && state !== 'stuck') return null
  if (mode !== 'overwrite' && mode !== 'merge' && mode !== 'requeue') return null
  if (carry !== 'default' && carry !== 'all') return null
  if (!Array.isArray(merged) || !merged.every((one) => typeof one === 'string')) return null
  const checkpoint = { state, snapshot, mode, carry, offset, merged } as const
  if (followed === undefined) return checkpoint
  const place = decodeFollowed(followed)
  return place === null ? null : { ...checkpoint, followed: place }
}

function decodeFollowed(value: unknown): Followed | null {
  if (typeof value !== 'object' || value === null) return null
  // Every field is looked at before it is believed.
  const { replid, offset, database, databases } = value as Record<string, unknown>
  if (typeof replid !== 'string' || typeof offset !== 'string' || !/^\d{1,19}$/.test(offset)) return null
  if (!isDatabase(database) || !Array.isArray(databases) || !databases.every(isDatabase)) return null
  return { replid, offset, database, databases }
}

function isDatabase(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** What makes two merges the same one: the snapshot, and what was done with which of its keys. */
export function mergeName(checkpoint: Pick<Checkpoint, 'snapshot' | 'mode' | 'carry'>): string {
  return `${checkpoint.mode} ${checkpoint.carry} ${checkpoint.snapshot}`
}

export function isSameCopy(a: Checkpoint, b: Pick<Checkpoint, 'snapshot' | 'mode' | 'carry'>): boolean {
  return mergeName(a) === mergeName(b)
}
