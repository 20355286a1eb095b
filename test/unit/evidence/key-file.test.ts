import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Fault } from '../../../src/base/fault.ts'
import { keyFile, loadKey, loadOrCreateKey, rotateKey } from '../../../src/evidence/key-file.ts'
import { continues } from '../../../src/evidence/known-keys.ts'
import { isSignedBy } from '../../../src/evidence/signing-key.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'threeshift-keys-'))
})
after(() => rm(folder, { recursive: true, force: true }))

const unreadable = (error: unknown) => error instanceof Fault && error.code === 'EVIDENCE_KEY_UNREADABLE'

test('a key is made once, for its owner’s eyes only, however many ask at once', async () => {
  const keys = join(folder, 'new')
  assert.equal(await loadKey(keys, 'customer'), null)
  const made = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateKey(keys, 'customer')))
  assert.equal(new Set(made.map(({ id }) => id)).size, 1)
  assert.equal((await stat(keyFile(keys, 'customer'))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(keys), ['customer.key.json'])
  const publicKey = made[0]?.lineage[0]?.publicKey ?? ''
  const signature = (await loadOrCreateKey(keys, 'customer')).sign('statement', { a: 1 })
  assert.ok(isSignedBy(publicKey, signature, 'statement', { a: 1 }))
  assert.ok(!isSignedBy(publicKey, signature, 'seal', { a: 1 }))
  assert.ok(!isSignedBy(publicKey, signature, 'statement', { a: 2 }))
})

test('a rotated key is endorsed by every one before it, and replaces it in the file', async () => {
  const keys = join(folder, 'rotated')
  const first = await loadOrCreateKey(keys, 'bu-srep')
  await rotateKey(keys, 'bu-srep')
  const third = await rotateKey(keys, 'bu-srep')
  assert.equal((await loadKey(keys, 'bu-srep'))?.id, third.id)
  assert.equal(third.lineage.length, 3)
  assert.ok(continues(first.lineage[0]?.publicKey, 'bu-srep', third.lineage))
  assert.ok(!continues(first.lineage[0]?.publicKey, 'customer', third.lineage))
  const [one, , three] = third.lineage
  assert.ok(one !== undefined && three !== undefined)
  assert.ok(!continues(one.publicKey, 'bu-srep', [one, three]))
})

test('a key that others may read, that is damaged or somebody else’s is not used, and the fault does not quote it', async () => {
  const keys = join(folder, 'bad')
  await loadOrCreateKey(keys, 'customer')
  const file = keyFile(keys, 'customer')
  await chmod(file, 0o644)
  await assert.rejects(loadKey(keys, 'customer'), unreadable)
  const text = await readFile(file, 'utf8')
  await rm(file)
  await writeFile(keyFile(keys, 'bu-srep'), text, { mode: 0o600 })
  await assert.rejects(loadKey(keys, 'bu-srep'), unreadable)
  await writeFile(file, text.slice(0, 150), { mode: 0o600 })
  await assert.rejects(loadKey(keys, 'customer'), (error) => {
    assert.ok(unreadable(error) && error instanceof Fault)
    assert.ok(!`${error.message}${String(error.cause)}`.includes('PRIVATE'))
    return true
  })
})
