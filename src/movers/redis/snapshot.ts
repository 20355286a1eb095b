import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, fstatSync, openSync, readSync, closeSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Clock } from '../../base/clock.ts'
import { never } from '../../base/never.ts'
import type { ObjectAddress } from '../../model/object-address.ts'
import type { ObjectStore } from '../../ports/objects.ts'
import type { RedisProgress, RedisSource, SingleRedisSource } from '../../ports/redis.ts'
import type { ByteSource } from '../../wire/rdb/rdb-reader.ts'
import { combineShards } from './combine-shards.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { fetchObject } from './fetch-object.ts'
import { Progress } from './progress.ts'
import { type Spooled, spoolServer } from './spool-server.ts'

const sampledBytes = 64 * 1024
const asItIs: Spooled = { exact: true, notes: [] }

/**
 * An RDB file on this machine, open. What a server gave is spooled into one first, so that a slow target never holds the
 * source, and everything after reads the same bytes as often as it likes.
 */
export class Snapshot {
  readonly bytes: number
  /** Tells one snapshot from another: of its length, first and last bytes, the last being its checksum. */
  readonly digest: string
  /** False when it is not of one moment. */
  readonly exact: boolean
  readonly notes: readonly string[]
  readonly #name: string
  readonly #fd: number
  readonly #temporary: string | null

  constructor(name: string, fd: number, temporary: string | null, spooled: Spooled) {
    this.#name = name
    this.#fd = fd
    this.#temporary = temporary
    this.exact = spooled.exact
    this.notes = spooled.notes
    this.bytes = fstatSync(fd).size
    this.digest = digestOf(fd, this.bytes)
  }

  /** Reads from the beginning; any number of times, one after the other or interleaved. */
  read(): ByteSource {
    let position = 0
    return {
      read: (into) => {
        const count = this.#readAt(into, position)
        position += count
        return count
      },
    }
  }

  #readAt(into: Buffer, position: number): number {
    try {
      return readSync(this.#fd, into, 0, into.length, position)
    } catch (cause) {
      throw fault('REDIS_SNAPSHOT_UNREADABLE', { file: this.#name, reason: errnoOf(cause) }, cause)
    }
  }

  async close(): Promise<void> {
    closeSync(this.#fd)
    if (this.#temporary !== null) await rm(this.#temporary, { recursive: true, force: true })
  }
}

export interface SnapshotOptions {
  /** Folder for what has to be written. */
  readonly spoolFolder: string
  readonly objects: ObjectStore
  readonly onProgress: (progress: RedisProgress) => void
  readonly signal: AbortSignal
  readonly clock: Clock
}

/**
 * Makes the source one local RDB file: the file itself, unpacked if it is gzip, an object that is fetched, what a live
 * server gives, or what several shards hold together.
 *
 * Faults: REDIS_SNAPSHOT_UNREADABLE, REDIS_SPOOL_FAILED, those of the source's connection, of the object store and of
 * `combineShards`. Abort: removes what was spooled.
 */
export async function takeSnapshot(source: RedisSource, options: SnapshotOptions): Promise<Snapshot> {
  options.signal.throwIfAborted()
  if (source.kind === 'file') {
    const fd = open(source.file)
    if (!isGzip(fd)) return new Snapshot(source.file, fd, null, asItIs)
    closeSync(fd)
  }
  const folder = await mkdtemp(join(options.spoolFolder, 'threeshift-redis-')).catch((cause: unknown) => {
    throw fault('REDIS_SPOOL_FAILED', { folder: options.spoolFolder, reason: errnoOf(cause) }, cause)
  })
  const file = join(folder, 'snapshot.rdb')
  try {
    const spooled = await spool(source, file, options)
    return new Snapshot(file, open(file), folder, spooled)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function spool(source: RedisSource, file: string, options: SnapshotOptions): Promise<Spooled> {
  switch (source.kind) {
    case 'file':
      return unpack(source.file, file, options)
    case 'object':
      return fetchPacked(source.at, file, options)
    case 'server':
      return spoolServer(source.endpoint, file, options)
    case 'shards':
      return combine(source.shards, file, options)
    default:
      return never(source)
  }
}

async function fetchPacked(at: ObjectAddress, file: string, options: SnapshotOptions): Promise<Spooled> {
  const { objects, spoolFolder, signal, clock } = options
  let progress: Progress | undefined
  const fetched = `${file}.fetched`
  const { notes } = await fetchObject(objects, at, fetched, {
    spoolFolder,
    signal,
    onProgress: (bytes, totalBytes) => {
      progress ??= new Progress('fetch', totalBytes, clock, options.onProgress)
      progress.show(0, bytes)
    },
  })
  const fd = open(fetched)
  const packed = isGzip(fd)
  closeSync(fd)
  if (packed) {
    await unpack(fetched, file, options)
    await rm(fetched)
  } else await rename(fetched, file)
  return { exact: true, notes }
}

/** Each shard on its own first; what was written for it goes when all are one. */
async function combine(
  sources: readonly SingleRedisSource[],
  file: string,
  options: SnapshotOptions,
): Promise<Spooled> {
  const shards: Snapshot[] = []
  try {
    for (const source of sources) shards.push(await takeSnapshot(source, options))
    return await combineShards(shards, file, options)
  } finally {
    for (const shard of shards) await shard.close()
  }
}

/** The snapshot that lies in `file` already; closing it leaves it there. Faults: REDIS_SNAPSHOT_UNREADABLE. */
export function openSnapshot(file: string, spooled: Spooled): Snapshot {
  return new Snapshot(file, open(file), null, spooled)
}

async function unpack(
  from: string,
  file: string,
  options: { readonly spoolFolder: string; readonly signal: AbortSignal },
): Promise<Spooled> {
  try {
    await pipeline(createReadStream(from), createGunzip(), createWriteStream(file, { mode: 0o600 }), {
      signal: options.signal,
    })
    return asItIs
  } catch (cause) {
    options.signal.throwIfAborted()
    const reason = errnoOf(cause)
    if (reason === 'ENOSPC') throw fault('REDIS_SPOOL_FAILED', { folder: options.spoolFolder, reason }, cause)
    throw fault('REDIS_SNAPSHOT_UNREADABLE', { file: from, reason }, cause)
  }
}

function open(file: string): number {
  let fd: number | undefined
  try {
    fd = openSync(file, 'r')
    if (!fstatSync(fd).isFile()) throw Object.assign(new Error('not a file'), { code: 'no file' })
    return fd
  } catch (cause) {
    if (fd !== undefined) closeSync(fd)
    throw fault('REDIS_SNAPSHOT_UNREADABLE', { file, reason: errnoOf(cause) }, cause)
  }
}

function isGzip(fd: number): boolean {
  const magic = Buffer.alloc(2)
  return readSync(fd, magic, 0, 2, 0) === 2 && magic.readUInt16BE(0) === 0x1f8b
}

function digestOf(fd: number, bytes: number): string {
  const sample = Buffer.alloc(Math.min(sampledBytes, bytes))
  const hash = createHash('sha256').update(String(bytes))
  for (const position of [0, bytes - sample.length]) {
    readSync(fd, sample, 0, sample.length, position)
    hash.update(sample)
  }
  return hash.digest('hex').slice(0, 32)
}
