import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { EpochMs } from '../../../../src/base/clock.ts'
import { exitCode, Fault, faultsOf, kind } from '../../../../src/base/fault.ts'
import { type FetchOptions, fetchObject } from '../../../../src/movers/redis/fetch-object.ts'
import type { ObjectDescription, ObjectRange, ObjectStore } from '../../../../src/ports/objects.ts'

const fault = faultsOf({
  LOST: kind<object>({ exit: exitCode.failedSafe, retry: 'same-input', says: () => 'lost', remedy: () => 'again' }),
  DENIED: kind<object>({ exit: exitCode.failedSafe, retry: 'after-remedy', says: () => 'no', remedy: () => 'ask' }),
})
const content = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 251))
const sha256 = createHash('sha256').update(content).digest('base64')
const dir = mkdtempSync(join(tmpdir(), 'threeshift-fetch-'))

type Read = (range: ObjectRange) => AsyncIterable<Uint8Array>

/** A store in memory with one object, from which every range is read by `read`. */
function storeOf(read: Read, changes: Partial<ObjectDescription> = {}): ObjectStore {
  const lastModifiedMs = 0 as EpochMs
  const description = { bytes: content.length, etag: '"1"', lastModifiedMs, checksum: null, ...changes }
  return { describe: async () => description, read: (_at, range) => read(range) }
}

async function* whole({ from, bytes }: ObjectRange): AsyncGenerator<Uint8Array> {
  yield content.subarray(from, from + bytes)
}

async function* fewer({ from, bytes }: ObjectRange): AsyncGenerator<Uint8Array> {
  yield content.subarray(from, from + bytes - 1)
}

async function* more({ from, bytes }: ObjectRange): AsyncGenerator<Uint8Array> {
  yield content.subarray(from, from + bytes)
  yield content.subarray(0, 1)
}

function fetchFrom(store: ObjectStore, options: Partial<FetchOptions> = {}) {
  const { signal } = new AbortController()
  const usual: FetchOptions = { spoolFolder: dir, signal, partBytes: 300, waitsMs: [0, 0] }
  return fetchObject(store, { bucket: 'b', key: 'k' }, join(dir, 'file'), { ...usual, ...options })
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => 'it worked',
    (error: unknown) => error,
  )
  return error instanceof Fault ? error.code : String(error)
}

describe('fetching an object', () => {
  after(() => rmSync(dir, { recursive: true, force: true }))

  test('compares what came with the checksum of the store, whatever came first', async () => {
    const checksum = { algorithm: 'SHA256', value: sha256 }
    assert.equal((await fetchFrom(storeOf(whole, { checksum }))).compared, 'SHA256')
    assert.ok(readFileSync(join(dir, 'file')).equals(content))
    async function* damaged(range: ObjectRange): AsyncGenerator<Uint8Array> {
      for await (const piece of whole(range)) yield Buffer.from(piece).fill(0, 0, 1)
    }
    assert.equal(await codeOf(fetchFrom(storeOf(damaged, { checksum }))), 'OBJECT_CHECKSUM_DIFFERS')
  })

  test('knows the usual kinds of checksum, and notes that another was not compared', async () => {
    const known = {
      CRC32: 'chdGpg==',
      CRC64NVME: 'Oi01cbaZhBY=',
      SHA1: createHash('sha1').update(content).digest('base64'),
      MD5: createHash('md5').update(content).digest('base64'),
    }
    for (const [algorithm, value] of Object.entries(known)) {
      const fetched = await fetchFrom(storeOf(whole, { checksum: { algorithm, value } }))
      assert.equal(fetched.compared, algorithm)
    }
    for (const checksum of [null, { algorithm: 'XXHASH3', value: 'AAAA' }]) {
      const { compared, notes } = await fetchFrom(storeOf(whole, { checksum }))
      assert.equal(compared, null)
      assert.match(notes.join(), /only (?:its|the) length was checked/)
    }
  })

  test('tries again only what may be over, and as long as something comes', async () => {
    let reads = 0
    async function* oneByteEach(range: ObjectRange): AsyncGenerator<Uint8Array> {
      reads++
      yield content.subarray(range.from, range.from + 1)
      if (range.bytes > 1) throw fault('LOST', {})
    }
    await fetchFrom(storeOf(oneByteEach))
    assert.equal(reads, content.length)
    assert.ok(readFileSync(join(dir, 'file')).equals(content))
    for (const [code, tries] of [
      ['LOST', 3],
      ['DENIED', 1],
    ] as const) {
      reads = 0
      const next = () => {
        reads++
        return Promise.reject(fault(code, {}))
      }
      const failing = () => ({ [Symbol.asyncIterator]: () => ({ next }) })
      assert.equal(await codeOf(fetchFrom(storeOf(failing), { partBytes: content.length })), code)
      assert.equal(reads, tries)
    }
  })

  test('ends the other parts with the one that fails, and waits for them', async () => {
    let running = 0
    async function* firstFails({ from, signal }: ObjectRange): AsyncGenerator<Uint8Array> {
      if (from === 0) throw fault('DENIED', {})
      running++
      yield content.subarray(from, from + 1)
      if (!signal.aborted) await once(signal, 'abort')
      running--
      signal.throwIfAborted()
    }
    assert.equal(await codeOf(fetchFrom(storeOf(firstFails))), 'DENIED')
    assert.equal(running, 0)
  })

  test('refuses fewer bytes, and more, than the object has', async () => {
    for (const read of [fewer, more]) assert.equal(await codeOf(fetchFrom(storeOf(read))), 'OBJECT_INCOMPLETE')
  })

  test('refuses at once what the disk has no room for, and a folder that is not there', async () => {
    assert.equal(await codeOf(fetchFrom(storeOf(whole, { bytes: 2 ** 52 }))), 'REDIS_SPOOL_FAILED')
    const { signal } = new AbortController()
    const elsewhere = join(dir, 'absent', 'file')
    const work = fetchObject(storeOf(whole), { bucket: 'b', key: 'k' }, elsewhere, { spoolFolder: dir, signal })
    assert.equal(await codeOf(work), 'REDIS_SPOOL_FAILED')
  })
})
