import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { ObjectStore } from '../../ports/objects.ts'
import type { RedisSnapshots, SavedSnapshot, SaveSnapshotRequest } from '../../ports/redis.ts'
import type { ByteSource } from '../../wire/rdb/rdb-reader.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { inspectRdb } from './inspect.ts'
import { pruneSnapshot } from './prune-snapshot.ts'
import { restoreSnapshot } from './restore-snapshot.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'

const blockBytes = 256 * 1024

/** Snapshots of real files, servers and the objects of `objects`. */
export function redisSnapshots(clock: Clock, objects: ObjectStore): RedisSnapshots {
  return {
    save: (request) => saveSnapshot(request, clock, objects),
    restore: (request) => restoreSnapshot(request, clock, objects),
  }
}

/**
 * Takes a snapshot, reads it through to its checksum, and puts it where it is wanted.
 *
 * Faults: those of `takeSnapshot` and of reading an RDB file; REDIS_SPOOL_FAILED.
 */
async function saveSnapshot(request: SaveSnapshotRequest, clock: Clock, objects: ObjectStore): Promise<SavedSnapshot> {
  const { source, carry, file, signal, onProgress } = request
  const snapshot = await takeSnapshot(source, { ...request, clock, objects })
  const unfinished = `${file}.unfinished`
  try {
    // Only a file that says itself that it is whole gets the name.
    await inspectRdb(snapshot.read(), { clock, totalBytes: snapshot.bytes, onProgress, signal })
    const written = await write(snapshot, unfinished, carry, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      throw fault('REDIS_SPOOL_FAILED', { folder: dirname(file), reason: errnoOf(error) }, error)
    })
    await rename(unfinished, file)
    return { ...written, exact: snapshot.exact, notes: snapshot.notes }
  } finally {
    await rm(unfinished, { force: true })
    await snapshot.close()
  }
}

/** Gives the bytes that were written, and their SHA-256 in hex. */
async function write(snapshot: Snapshot, file: string, carry: SaveSnapshotRequest['carry'], signal: AbortSignal) {
  if (carry === 'all') return { bytes: snapshot.bytes, sha256: await copyBytes(snapshot.read(), file, signal) }
  await pruneSnapshot(snapshot.read(), file, signal)
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of createReadStream(file, { signal })) {
    // Without an encoding a stream gives buffers.
    const buffer = piece as Buffer
    hash.update(buffer)
    bytes += buffer.length
  }
  return { bytes, sha256: hash.digest('hex') }
}

async function copyBytes(bytes: ByteSource, file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await using to = await open(file, 'w', 0o600)
  const block = Buffer.allocUnsafe(blockBytes)
  for (let count = bytes.read(block); count > 0; count = bytes.read(block)) {
    signal.throwIfAborted()
    const piece = block.subarray(0, count)
    hash.update(piece)
    await to.writeFile(piece)
  }
  await to.sync()
  return hash.digest('hex')
}
