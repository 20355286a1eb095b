import type { RedisMode, RedisMoveRequest } from '../../ports/redis.ts'

/** The one key that a copy adds to each database that it fills; verification and counts leave it out. */
export const checkpointKey = 'threeshift:redis-copy'

/**
 * How far a copy has come in one database of the target, kept there.
 *
 * `running`: every entry of the snapshot up to the one that begins at `offset` is in (-1: none yet). `done`: all are.
 * `stuck`: a merge met a key that it cannot merge, and may not go on. `merged` are the merges that were ever finished.
 */
export interface Checkpoint {
  readonly state: 'running' | 'done' | 'stuck'
  readonly snapshot: string
  readonly mode: RedisMode
  readonly carry: RedisMoveRequest['carry']
  readonly offset: number
  readonly merged: readonly string[]
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
  const { version, state, snapshot, mode, carry, offset, merged } = value as Record<string, unknown>
  if (version !== 1 || typeof snapshot !== 'string' || typeof offset !== 'number') return null
  if (state !== 'running' && state !== 'done' && state !== 'stuck') return null
  if (mode !== 'overwrite' && mode !== 'merge' && mode !== 'requeue') return null
  if (carry !== 'default' && carry !== 'all') return null
  if (!Array.isArray(merged) || !merged.every((one) => typeof one === 'string')) return null
  return { state, snapshot, mode, carry, offset, merged }
}

/** What makes two merges the same one: the snapshot, and what was done with which of its keys. */
export function mergeName(checkpoint: Pick<Checkpoint, 'snapshot' | 'mode' | 'carry'>): string {
  return `${checkpoint.mode} ${checkpoint.carry} ${checkpoint.snapshot}`
}

export function isSameCopy(a: Checkpoint, b: Pick<Checkpoint, 'snapshot' | 'mode' | 'carry'>): boolean {
  return mergeName(a) === mergeName(b)
}
