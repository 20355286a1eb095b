import type { Clock } from '../../base/clock.ts'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import { spoolReplica, SyncRefused } from '../../wire/resp/spool-replica.ts'
import { connectionFault, replyFault } from './connection-faults.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { spoolByScan } from './spool-by-scan.ts'
import { addressOf } from './target.ts'

/** What a live source was made into. */
export interface Spooled {
  /** False when the file is not of one moment: keys were read one after the other. */
  readonly exact: boolean
  readonly notes: readonly string[]
}

/**
 * Writes what a live server holds into an RDB file: as its replica, which gives one moment; or key by key where the
 * server does not take this user for a replica.
 *
 * Faults: those of connecting, REDIS_SPOOL_FAILED, REDIS_SOURCE_REFUSED. Abort: ends the connection; the file stays.
 */
export async function spoolServer(
  endpoint: RedisEndpoint,
  file: string,
  options: { readonly spoolFolder: string; readonly signal: AbortSignal; readonly clock: Clock },
): Promise<Spooled> {
  const { spoolFolder, signal } = options
  const address = await addressOf(endpoint, 'source', signal)
  try {
    await spoolReplica(address, file, signal)
    return { exact: true, notes: [] }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SyncRefused) {
      const { reply, command } = error
      if (reply.code !== 'NOPERM' && reply.code !== 'ERR') {
        throw (
          replyFault(reply, 'source', endpoint, command) ??
          fault('REDIS_SOURCE_REFUSED', { address: describeEndpoint(endpoint), command, code: reply.code })
        )
      }
    } else if (isDiskError(error)) {
      throw fault('REDIS_SPOOL_FAILED', { folder: spoolFolder, reason: errnoOf(error) }, error)
    } else throw connectionFault(error, 'source', endpoint, 'taking its data as a replica')
  }
  try {
    await spoolByScan(endpoint, file, options)
  } catch (error) {
    if (isDiskError(error)) throw fault('REDIS_SPOOL_FAILED', { folder: spoolFolder, reason: errnoOf(error) }, error)
    throw connectionFault(error, 'source', endpoint, 'reading it key by key')
  }
  const notes = [
    'the source does not let this user replicate (PSYNC), so it was read key by key: what was written meanwhile is not one moment',
  ]
  return { exact: false, notes }
}

function isDiskError(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG', 'EACCES'].includes(errnoOf(error))
}
