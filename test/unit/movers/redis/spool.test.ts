import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { RedisEndpoint } from '../../../../src/model/redis-endpoint.ts'
import { SpoolFolder, type SpoolManifest } from '../../../../src/movers/redis/spool-folder.ts'
import { SpoolLock } from '../../../../src/movers/redis/spool-lock.ts'
import { StreamSpool } from '../../../../src/movers/redis/stream-spool.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'threeshift-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const endpoint = (host: string): RedisEndpoint => ({ host, port: 6379, db: 0, tls: { kind: 'off' } })
const [source, target] = [endpoint('source'), endpoint('target')]
const manifest: SpoolManifest = {
  snapshot: 'abc',
  exact: true,
  notes: [],
  place: { replid: 'f'.repeat(40), offset: '123' },
  boot: 'one',
}
const code = (expected: string) => (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === expected

test('a lock is held once, and free again when it was released', () => {
  const lock = SpoolLock.take(folder)
  assert.ok(lock instanceof SpoolLock)
  assert.deepEqual(SpoolLock.take(folder), { heldBy: process.pid })
  lock.release()
  assert.deepEqual(readdirSync(folder), [])
  assert.ok(SpoolLock.take(folder) instanceof SpoolLock)
})

test('a lock of a process that lives no more, or of an earlier one of the same number, is taken over', () => {
  const mine = readFileSync(`/proc/${process.pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[19]
  for (const stale of ['{"pid":999999999,"started":"1"}', `{"pid":${process.pid},"started":"1"}`, 'rubbish', '']) {
    writeFileSync(join(folder, 'lock-7'), stale)
    const lock = SpoolLock.take(folder)
    assert.ok(lock instanceof SpoolLock, stale)
    assert.deepEqual(readdirSync(folder), ['lock-8'])
    lock.release()
  }
  writeFileSync(join(folder, 'lock-7'), JSON.stringify({ pid: process.pid, started: mine }))
  assert.deepEqual(SpoolLock.take(folder), { heldBy: process.pid })
})

test('a spool is found again if its snapshot is wanted, and is emptied otherwise', () => {
  const first = SpoolFolder.take(folder, source, target, new Set())
  first.writeManifest(manifest)
  writeFileSync(first.file('snapshot.rdb'), 'REDIS')
  assert.throws(() => SpoolFolder.take(folder, source, target, new Set(['abc'])), code('REDIS_SPOOL_IN_USE'))
  first.release()
  const again = SpoolFolder.take(folder, source, target, new Set(['abc', 'other']))
  assert.deepEqual(again.manifest, manifest)
  again.release()
  // The target failed over, and has another address.
  const moved = SpoolFolder.take(folder, source, endpoint('elsewhere'), new Set(['abc']))
  assert.equal(moved.path, first.path)
  moved.release()
  assert.equal(readdirSync(folder).length, 1)
  const anew = SpoolFolder.take(folder, source, target, new Set(['other']))
  assert.equal(anew.manifest, null)
  assert.deepEqual(readdirSync(anew.path), ['lock-1'])
  anew.remove()
  assert.deepEqual(readdirSync(folder), [])
})

test('a folder that others may look into is not used', () => {
  const spool = SpoolFolder.take(folder, source, target, new Set())
  spool.remove()
  mkdirSync(spool.path)
  chmodSync(spool.path, 0o755)
  assert.throws(() => SpoolFolder.take(folder, source, target, new Set()), code('REDIS_SPOOL_FAILED'))
})

test('a stream is the same across its files, from any position that is not given up, and after it was opened again', () => {
  const bytes = Buffer.from(Array.from({ length: 100 }, (_, i) => i))
  const spool = new StreamSpool(folder, 16)
  for (let at = 0; at < 100; at += 7) spool.append(bytes.subarray(at, at + 7))
  spool.close()
  const again = new StreamSpool(folder, 16)
  assert.equal(again.end, 100)
  const readFrom = (position: number) => {
    const into = Buffer.alloc(9)
    const parts: Buffer[] = []
    for (let at = position; ; ) {
      const count = again.read(into, at)
      if (count === 0) return Buffer.concat(parts)
      parts.push(Buffer.from(into.subarray(0, count)))
      at += count
    }
  }
  for (const position of [0, 1, 50, 99, 100]) assert.deepEqual(readFrom(position), bytes.subarray(position))
  again.dropBefore(50)
  assert.ok(again.start > 0 && again.start <= 50, `${again.start}`)
  assert.deepEqual(readFrom(50), bytes.subarray(50))
  again.restartAt(70)
  assert.deepEqual([again.start, again.end, again.read(Buffer.alloc(9), 70)], [70, 70, 0])
  again.append(bytes.subarray(70, 80))
  assert.deepEqual(readFrom(70), bytes.subarray(70, 80))
  again.close()
})
