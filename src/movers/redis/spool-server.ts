import type { Clock } from '../../base/clock.ts'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import { type ReplicaLink, type ReplicationPlace, SyncRefused } from '../../wire/resp/replica-link.ts'
import { spoolReplica } from '../../wire/resp/spool-replica.ts'
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

/** As `Spooled`, with where the commands after it begin and the connection on which they come; null when there is none. */
export interface SpooledLive extends Spooled {
  readonly live: { readonly place: ReplicationPlace; readonly link: ReplicaLink } | null
}

interface SpoolOptions {
  readonly spoolFolder: string
  readonly signal: AbortSignal
  readonly clock: Clock
}

/**
 * Writes what a live server holds into an RDB file: as its replica, which gives one moment; or key by key where the
 * server does not take this user for a replica.
 *
 * Faults: those of connecting, REDIS_SPOOL_FAILED, REDIS_SOURCE_REFUSED. Abort: ends the connection; the file stays.
 */
export async function spoolServer(endpoint: RedisEndpoint, file: string, options: SpoolOptions): Promise<Spooled> {
  const { live, ...spooled } = await spoolLive(endpoint, file, { ...options, scan: true })
  live?.link.close()
  return spooled
}

/**
 * As `spoolServer`, and leaves the connection open for the commands that follow; the caller closes it. Without `scan`
 * a server that refuses to replicate is REDIS_FOLLOW_NEEDS_PSYNC.
 */
export async function spoolLive(
  endpoint: RedisEndpoint,
  file: string,
  options: SpoolOptions & { readonly scan: boolean },
): Promise<SpooledLive> {
  const { spoolFolder, signal } = options
  const address = await addressOf(endpoint, 'source', signal)
  try {
    return { exact: true, notes: [], live: await spoolReplica(address, file, signal) }
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
      if (!options.scan) {
        throw fault('REDIS_FOLLOW_NEEDS_PSYNC', {
          address: describeEndpoint(endpoint),
          code: `${command}: ${reply.code}`,
        })
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
  return { exact: false, notes, live: null }
}

export function isDiskError(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG', 'EACCES'].includes(errnoOf(error))
}
