import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, fstatSync, openSync, readSync, closeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Clock } from '../../base/clock.ts'
import type { RedisSource } from '../../ports/redis.ts'
import type { ByteSource } from '../../wire/rdb/rdb-reader.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
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

/**
 * Makes the source one local RDB file: the file itself, unpacked if it is gzip, or what a live server gives.
 *
 * Faults: REDIS_SNAPSHOT_UNREADABLE, REDIS_SPOOL_FAILED, those of the source's connection. Abort: removes what was
 * spooled. `spoolFolder` is the folder for what has to be written.
 */
export async function takeSnapshot(
  source: RedisSource,
  options: { readonly spoolFolder: string; readonly signal: AbortSignal; readonly clock: Clock },
): Promise<Snapshot> {
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
    const spooled =
      source.kind === 'file'
        ? await unpack(source.file, file, options)
        : await spoolServer(source.endpoint, file, options)
    return new Snapshot(file, open(file), folder, spooled)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
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
