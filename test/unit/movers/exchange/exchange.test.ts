import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { Fault } from '../../../../src/base/fault.ts'
import { Stop } from '../../../../src/base/stop.ts'
import { exchange } from '../../../../src/movers/exchange/exchange.ts'
import { folderStore } from '../../../../src/movers/exchange/folder-store.ts'
import type { PackRequest, PartyKeys, UnpackRequest } from '../../../../src/ports/exchange.ts'
import { partStoreContract } from '../../../contract/part-store.contract.ts'

const partBytes = 10_000
const marked = 'marked-password-of-the-customer'
let root = ''
let customer: PartyKeys
let vendor: PartyKeys
let stranger: PartyKeys

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'threeshift-exchange-'))
  customer = await exchange.keygen('customer')
  vendor = await exchange.keygen('rhoam-eng')
  stranger = await exchange.keygen('stranger')
})
after(() => rm(root, { recursive: true, force: true }))

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.fail('it worked'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof Fault, String(error))
  return error.code
}

/** A signal, and what aborts it when so many parts were done. */
function stopAfter(parts: number) {
  const controller = new AbortController()
  let seen = 0
  const onProgress = () => {
    seen += 1
    if (seen === parts) controller.abort(new Stop('operator'))
  }
  return { signal: controller.signal, onProgress }
}

describe('an exchange', () => {
  let dir = ''
  let bucket = ''
  let number = 0
  const { signal } = new AbortController()
  const dump = Buffer.concat([Buffer.from(marked), randomBytes(34_567)])

  beforeEach(() => {
    dir = join(root, `case-${number++}`)
    bucket = join(dir, 'bucket')
    mkdirSync(bucket, { recursive: true })
    writeFileSync(join(dir, 'dump.sql'), dump)
    writeFileSync(join(dir, 'empty.json'), '')
  })

  const packing = (changes: Partial<PackRequest> = {}): PackRequest => ({
    files: [join(dir, 'dump.sql'), join(dir, 'empty.json')],
    name: 'acme-1',
    to: folderStore(bucket),
    recipients: [vendor.card],
    sender: customer,
    partBytes,
    replace: false,
    stateFolder: join(dir, 'state'),
    onProgress: () => undefined,
    signal,
    ...changes,
  })
  const unpacking = (changes: Partial<UnpackRequest> = {}): UnpackRequest => ({
    name: 'acme-1',
    from: folderStore(bucket),
    identity: vendor.identity,
    senders: [stranger.card, customer.card],
    folder: join(dir, 'out'),
    onProgress: () => undefined,
    signal,
    ...changes,
  })
  const parts = () => readdirSync(join(bucket, 'acme-1')).filter((name) => name.endsWith('.age'))
  const part = (at: number) => join(bucket, 'acme-1', parts()[at] ?? assert.fail('no such part'))

  partStoreContract('a folder', () => folderStore(join(dir, 'place')))

  test('carries files whole to the one who has the key, and shows nothing of them where they lie', async () => {
    const packed = await exchange.pack(packing())
    assert.equal(packed.parts, 5)
    const unpacked = await exchange.unpack(unpacking({ manifestSha256: packed.manifestSha256 }))
    assert.deepEqual(unpacked.files, packed.files)
    assert.equal(unpacked.sender, 'customer')
    assert.ok(readFileSync(join(dir, 'out', 'dump.sql')).equals(dump))
    assert.equal(readFileSync(join(dir, 'out', 'empty.json')).length, 0)
    for (const name of readdirSync(join(bucket, 'acme-1'))) {
      const there = readFileSync(join(bucket, 'acme-1', name), 'latin1')
      for (const hidden of [marked, 'dump.sql', packed.files[0]?.sha256 ?? ''])
        assert.ok(!there.includes(hidden), `${hidden} in ${name}`)
    }
    const again = await exchange.pack(packing())
    assert.equal(again.partsKept, 5)
    assert.equal(again.manifestSha256, packed.manifestSha256)
  })

  test('that was cut off goes on where it was, on both sides', async () => {
    await assert.rejects(exchange.pack(packing(stopAfter(2))), new Stop('operator'))
    assert.equal(await codeOf(exchange.unpack(unpacking())), 'EXCHANGE_NOT_THERE')
    assert.equal((await exchange.pack(packing())).partsKept, 2)
    await assert.rejects(exchange.unpack(unpacking(stopAfter(3))), new Stop('operator'))
    assert.deepEqual(readdirSync(join(dir, 'out')), ['dump.sql.partial'])
    assert.equal((await exchange.unpack(unpacking())).partsKept, 3)
    assert.ok(readFileSync(join(dir, 'out', 'dump.sql')).equals(dump))
  })

  test('does not go on from a partial file that somebody has changed', async () => {
    await exchange.pack(packing())
    mkdirSync(join(dir, 'out'))
    writeFileSync(
      join(dir, 'out', 'dump.sql.partial'),
      Buffer.concat([dump.subarray(0, partBytes), randomBytes(40_000)]),
    )
    assert.equal((await exchange.unpack(unpacking())).partsKept, 1)
    assert.ok(readFileSync(join(dir, 'out', 'dump.sql')).equals(dump))
  })

  test('with the wrong key, a missing, cut or swapped part, or a foreign signature gives nothing', async () => {
    const packed = await exchange.pack(packing())
    assert.equal(await codeOf(exchange.unpack(unpacking({ identity: stranger.identity }))), 'EXCHANGE_WRONG_KEY')
    assert.equal(await codeOf(exchange.unpack(unpacking({ senders: [stranger.card] }))), 'EXCHANGE_FOREIGN_SIGNATURE')
    assert.equal(await codeOf(exchange.unpack(unpacking({ manifestSha256: '0'.repeat(64) }))), 'EXCHANGE_OTHER')

    const second = readFileSync(part(1))
    rmSync(part(1))
    assert.equal(await codeOf(exchange.unpack(unpacking())), 'EXCHANGE_PART_MISSING')
    assert.equal((await exchange.pack(packing())).partsKept, 4, 'only the missing one is put again')
    assert.equal(packed.parts, 5)

    const first = part(0)
    const whole = readFileSync(first)
    truncateSync(first, whole.length - 1)
    rmSync(join(dir, 'out'), { recursive: true })
    assert.equal(await codeOf(exchange.unpack(unpacking())), 'EXCHANGE_PART_CUT')
    writeFileSync(first, second)
    assert.equal(await codeOf(exchange.unpack(unpacking())), 'EXCHANGE_PART_CHANGED')
    assert.deepEqual(readdirSync(join(dir, 'out')), ['dump.sql.partial'])
    assert.equal(readFileSync(join(dir, 'out', 'dump.sql.partial')).length, 0)
  })

  test('whose manifest was changed, signed by another, or moved from another exchange is refused', async () => {
    await exchange.pack(packing())
    const manifest = join(bucket, 'acme-1', 'manifest.json')
    const text = readFileSync(manifest, 'utf8')
    const { body, signature } = JSON.parse(text) as { body: { files: { parts: unknown[] }[] }; signature: string }
    const shorter = { ...body, files: body.files.map((file) => ({ ...file, parts: file.parts.slice(0, 1) })) }
    writeFileSync(manifest, JSON.stringify({ body: shorter, signature }))
    assert.equal(await codeOf(exchange.unpack(unpacking())), 'EXCHANGE_FOREIGN_SIGNATURE')
    writeFileSync(manifest, 'not json')
    assert.equal(await codeOf(exchange.unpack(unpacking())), 'EXCHANGE_MANIFEST_UNREADABLE')
    writeFileSync(manifest, text)
    renameSync(join(bucket, 'acme-1'), join(bucket, 'acme-2'))
    assert.equal(await codeOf(exchange.unpack(unpacking({ name: 'acme-2' }))), 'EXCHANGE_OTHER')
    renameSync(join(bucket, 'acme-2'), join(bucket, 'acme-1'))
    assert.equal(await codeOf(exchange.unpack(unpacking({ identity: customer.signingKey }))), 'EXCHANGE_KEY_UNREADABLE')
    const forged = { ...customer, signingKey: stranger.signingKey }
    await assert.rejects(exchange.pack(packing({ sender: forged })), {
      code: 'EXCHANGE_KEY_UNREADABLE',
      message: 'the signing key is not that of the card of customer',
    })
  })

  test('writes over no file of the receiver that is another one', async () => {
    await exchange.pack(packing())
    mkdirSync(join(dir, 'out'))
    writeFileSync(join(dir, 'out', 'dump.sql'), 'mine')
    assert.equal(await codeOf(exchange.unpack(unpacking())), 'EXCHANGE_FILE_THERE')
    assert.equal(readFileSync(join(dir, 'out', 'dump.sql'), 'utf8'), 'mine')
  })

  test('refuses names that lead elsewhere, files of one name, and nobody to encrypt for', async () => {
    assert.equal(await codeOf(exchange.pack(packing({ name: '../up' }))), 'EXCHANGE_NAME')
    const twins = [join(dir, 'dump.sql'), join(dir, 'other', 'dump.sql')]
    assert.equal(await codeOf(exchange.pack(packing({ files: twins }))), 'EXCHANGE_SAME_NAMES')
    assert.equal(await codeOf(exchange.pack(packing({ recipients: [] }))), 'EXCHANGE_NO_RECIPIENT')
    assert.equal(await codeOf(exchange.unpack(unpacking({ name: '../up' }))), 'EXCHANGE_NAME')
    assert.equal(await codeOf(exchange.pack(packing({ files: [join(dir, 'absent')] }))), 'EXCHANGE_PATH')
    const pipe = join(dir, 'pipe')
    spawnSync('mkfifo', [pipe])
    assert.equal(await codeOf(exchange.pack(packing({ files: [pipe] }))), 'EXCHANGE_PATH')
  })

  test('is not replaced by another one of its name, unless that is asked for', async () => {
    const first = await exchange.pack(packing())
    const files = [join(dir, 'empty.json')]
    assert.equal(await codeOf(exchange.pack(packing({ files }))), 'EXCHANGE_NAME_TAKEN')
    assert.equal((await exchange.pack(packing())).manifestSha256, first.manifestSha256)
    const second = await exchange.pack(packing({ files, replace: true }))
    assert.notEqual(second.manifestSha256, first.manifestSha256)
    assert.deepEqual(
      (await exchange.unpack(unpacking())).files.map(({ file }) => file),
      ['empty.json'],
    )
  })
})
