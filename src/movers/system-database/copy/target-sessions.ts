import { Fault } from '../../../base/fault.ts'
import type { MoveRequest } from '../../../ports/system-database.ts'
import { streamLock } from './claim-target.ts'
import { PostgresTarget } from '../postgres-target.ts'

const leastWorkMemoryMb = 64
const mostWorkMemoryMb = 1024

/**
 * Opens up to `wanted` sessions to write with, fewer where the target lets us have fewer.
 *
 * They do not wait for the disk at each commit (the last commit of the copy does, and makes all before it durable), and
 * have memory for building indexes, by what the target says it can cache. Faults: those of opening the first.
 */
export async function openTargets(
  first: PostgresTarget,
  wanted: number,
  request: Pick<MoveRequest, 'target' | 'compression'>,
  signal: AbortSignal,
): Promise<{ readonly targets: readonly PostgresTarget[]; readonly notes: readonly string[] }> {
  const targets: PostgresTarget[] = []
  while (targets.length < wanted) {
    try {
      targets.push(await PostgresTarget.open(request.target, signal))
    } catch (error) {
      if (!(error instanceof Fault) || targets.length === 0) throw error
      break
    }
  }
  const memoryMb = await workMemoryMb(first, targets.length)
  for (const target of targets) {
    const settings = [
      'synchronous_commit = off',
      'jit = off',
      `maintenance_work_mem = '${memoryMb}MB'`,
      // The streams themselves keep the cores busy.
      ...(targets.length > 1 ? ['max_parallel_maintenance_workers = 0'] : []),
    ]
    for (const setting of settings) await target.query(`SET ${setting}`, 'preparing the session')
    await target.query(`SELECT pg_advisory_lock_shared(${streamLock})`, 'preparing the session')
  }
  return { targets, notes: await setCompression(targets, request.compression) }
}

async function workMemoryMb(target: PostgresTarget, sessions: number): Promise<number> {
  const [[cache] = []] = await target.query(
    `SELECT pg_size_bytes(current_setting('effective_cache_size')) / 1048576`,
    'asking for the cache size',
  )
  return Math.round(Math.min(mostWorkMemoryMb, Math.max(leastWorkMemoryMb, Number(cache) / (8 * sessions))))
}

/** Source: PostgreSQL manual, default_toast_compression (14 and later; lz4 where it was built in). */
async function setCompression(
  targets: readonly PostgresTarget[],
  wanted: MoveRequest['compression'],
): Promise<readonly string[]> {
  try {
    for (const target of targets) {
      await target.query(`SET default_toast_compression = ${wanted}`, 'choosing the compression')
    }
    return wanted === 'lz4' ? ['Long values are stored compressed by lz4 and not by pglz.'] : []
  } catch (error) {
    if (!(error instanceof Fault) || error.retry === 'same-input') throw error
    return wanted === 'lz4' ? ['The target has no lz4; long values are stored compressed by pglz.'] : []
  }
}
