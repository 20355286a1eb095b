import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { sleep } from '../../base/abort.ts'
import { Fault } from '../../base/fault.ts'
import { describeObject, type ObjectAddress } from '../../model/object-address.ts'
import type { ObjectChecksum, ObjectDescription, ObjectStore } from '../../ports/objects.ts'
import { Crc64Nvme } from '../../wire/crc64-nvme.ts'
import { errnoOf } from './errno.ts'
import { fault as spoolFault } from './faults.ts'
import { fault } from './object-faults.ts'

export interface FetchOptions {
  /** Of the file, for messages. */
  readonly spoolFolder: string
  readonly signal: AbortSignal
  /** Called for every piece that is written. */
  readonly onProgress?: (bytes: number, totalBytes: number) => void
  readonly partBytes?: number
  /** Milliseconds before each new try of a part; one try more than these without a byte is the last. */
  readonly waitsMs?: readonly number[]
}

export interface FetchedObject {
  readonly description: ObjectDescription
  /** The store's checksum with which the file was compared; null when it was not. */
  readonly compared: string | null
  /** A sentence each. */
  readonly notes: readonly string[]
}

const usualPartBytes = 16 * 1024 * 1024
const usualWaitsMs = [200, 1000, 5000, 15_000, 30_000]
const partsAtOnce = 4

/**
 * Writes an object into `file`, as it is, packed or not.
 *
 * It is read in parts, some at a time; a part goes on where it was when its connection is lost. All parts are of one
 * version of the object. Its length is checked, and its checksum where that kind is computed here.
 *
 * Faults: the store's, one that may pass only after the last try; REDIS_SPOOL_FAILED, OBJECT_INCOMPLETE,
 * OBJECT_CHECKSUM_DIFFERS. Abort: ends the requests, throws the reason. The file is closed then, and stays as it is.
 */
export async function fetchObject(
  store: ObjectStore,
  at: ObjectAddress,
  file: string,
  options: FetchOptions,
): Promise<FetchedObject> {
  const { signal, spoolFolder } = options
  const description = await store.describe(at, { signal })
  const handle = await onDisk(spoolFolder, async () => {
    await requireRoom(file, description.bytes)
    return open(file, 'w', 0o600)
  })
  try {
    await fetchParts(new Fetch(store, at, handle, description, options))
  } finally {
    await onDisk(spoolFolder, () => handle.close())
  }
  return { description, ...(await compare(at, file, description.checksum, options)) }
}

/** One object on its way into an open file. */
class Fetch {
  readonly description: ObjectDescription
  readonly options: FetchOptions
  readonly #store: ObjectStore
  readonly #at: ObjectAddress
  readonly #handle: FileHandle
  #written = 0

  constructor(
    store: ObjectStore,
    at: ObjectAddress,
    handle: FileHandle,
    description: ObjectDescription,
    options: FetchOptions,
  ) {
    this.#store = store
    this.#at = at
    this.#handle = handle
    this.description = description
    this.options = options
  }

  /** Fetches the bytes from `from` up to `end`, in as many tries as it takes. */
  async part(from: number, end: number, signal: AbortSignal): Promise<void> {
    const waitsMs = this.options.waitsMs ?? usualWaitsMs
    let position = from
    let failures = 0
    while (position < end) {
      const before = position
      try {
        for await (const piece of this.#read(position, end, signal)) {
          await this.#write(piece, position)
          position += piece.length
        }
        return
      } catch (error) {
        signal.throwIfAborted()
        if (position > before) failures = 0
        const waitMs = waitsMs[failures++]
        if (!(error instanceof Fault) || error.retry !== 'same-input' || waitMs === undefined) throw error
        await sleep(waitMs, signal)
      }
    }
  }

  /** A store may give less or more than was asked for. */
  requireWhole(): void {
    const { bytes: expectedBytes } = this.description
    if (this.#written === expectedBytes) return
    throw fault('OBJECT_INCOMPLETE', { address: describeObject(this.#at), bytes: this.#written, expectedBytes })
  }

  #read(position: number, end: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { etag } = this.description
    return this.#store.read(this.#at, { from: position, bytes: end - position, etag, signal })
  }

  async #write(piece: Uint8Array, position: number): Promise<void> {
    await onDisk(this.options.spoolFolder, async () => {
      for (let at = 0; at < piece.length; ) {
        at += (await this.#handle.write(piece, at, piece.length - at, position + at)).bytesWritten
      }
    })
    this.#written += piece.length
    this.options.onProgress?.(this.#written, this.description.bytes)
  }
}

/** Some parts at a time, in their order. The first that fails ends the others, and is thrown once they have ended. */
async function fetchParts(fetch: Fetch): Promise<void> {
  const { description, options } = fetch
  const partBytes = options.partBytes ?? usualPartBytes
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  let next = 0
  const work = async () => {
    while (next < description.bytes) {
      const from = next
      next = Math.min(from + partBytes, description.bytes)
      await fetch.part(from, next, signal)
    }
  }
  const workers = Array.from({ length: partsAtOnce }, () => work().catch((error: unknown) => failed.abort(error)))
  await Promise.all(workers)
  signal.throwIfAborted()
  fetch.requireWhole()
}

/** Better at once than after an hour. */
async function requireRoom(file: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(file))
  if (bavail * bsize < bytes) throw Object.assign(new Error('no room'), { code: 'ENOSPC' })
}

async function onDisk<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  return work().catch((cause: unknown) => {
    throw spoolFault('REDIS_SPOOL_FAILED', { folder, reason: errnoOf(cause) }, cause)
  })
}

async function compare(
  at: ObjectAddress,
  file: string,
  checksum: ObjectChecksum | null,
  { signal, spoolFolder }: FetchOptions,
): Promise<Pick<FetchedObject, 'compared' | 'notes'>> {
  if (checksum === null) {
    return { compared: null, notes: ['the store keeps no checksum of the whole object: only its length was checked'] }
  }
  const { algorithm, value: stored } = checksum
  const digest = digestFor(algorithm)
  if (digest === null) {
    return {
      compared: null,
      notes: [`the store's checksum (${algorithm}) is not computed here: only the length was checked`],
    }
  }
  await onDisk(spoolFolder, async () => {
    // Without an encoding the stream gives Buffers.
    for await (const piece of createReadStream(file, { highWaterMark: 1024 * 1024, signal }))
      digest.update(piece as Buffer)
  }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw error
  })
  const computed = digest.value()
  if (computed === stored) return { compared: algorithm, notes: [] }
  throw fault('OBJECT_CHECKSUM_DIFFERS', { address: describeObject(at), algorithm, stored, computed })
}

interface Digest {
  update(piece: Buffer): void
  /** In base64, as stores write it. */
  value(): string
}

const hashes: Readonly<Record<string, string>> = { SHA256: 'sha256', SHA512: 'sha512', SHA1: 'sha1', MD5: 'md5' }

/** Null for a kind that is not computed here. */
function digestFor(algorithm: string): Digest | null {
  switch (algorithm) {
    case 'CRC32':
      return crc32Digest()
    case 'CRC64NVME':
      return crc64Digest()
    default: {
      const name = hashes[algorithm]
      return name === undefined ? null : hashDigest(name)
    }
  }
}

function hashDigest(name: string): Digest {
  const hash = createHash(name)
  return { update: (piece) => void hash.update(piece), value: () => hash.digest('base64') }
}

function crc32Digest(): Digest {
  let crc = 0
  return {
    update: (piece) => {
      crc = crc32(piece, crc)
    },
    value: () => base64Of(crc.toString(16).padStart(8, '0')),
  }
}

function crc64Digest(): Digest {
  const crc = new Crc64Nvme()
  return { update: (piece) => crc.update(piece), value: () => base64Of(String(crc)) }
}

function base64Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}
