import { closeSync, openSync, writeSync } from 'node:fs'
import type { RespAddress } from './connect.ts'
import { ReplicaLink, type ReplicationPlace } from './replica-link.ts'
import { RespProtocolError } from './reply-parser.ts'

/**
 * Connects as a new replica and writes the data that the server then sends into `file`: an RDB of one moment.
 *
 * The disk takes it as fast as it comes, so the server keeps nothing back for us for longer than it must. Out: the place
 * that the data stands for, and the connection, on which the commands after it come; the caller closes it.
 * Throws SyncRefused, RespProtocolError, RespConnectionLost, errors of the file system. Abort: ends the connection; the
 * file stays.
 */
export async function spoolReplica(
  address: RespAddress,
  file: string,
  signal: AbortSignal,
): Promise<{ readonly place: ReplicationPlace; readonly link: ReplicaLink }> {
  const link = await ReplicaLink.open(address, null, signal)
  try {
    if (link.answer.kind !== 'full') throw new RespProtocolError('PSYNC gave no full synchronisation')
    const { place } = link.answer
    const fd = openSync(file, 'w', 0o600)
    try {
      await link.receiveData((bytes) => {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
      })
    } finally {
      closeSync(fd)
    }
    return { place, link }
  } catch (error) {
    link.close()
    throw error
  }
}
