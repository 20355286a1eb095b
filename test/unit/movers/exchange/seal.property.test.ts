import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { before, test } from 'node:test'
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import * as fc from 'fast-check'
import { Secret } from '../../../../src/base/secret.ts'
import { open, seal } from '../../../../src/movers/exchange/seal.ts'

// Around the chunks of the format, where one more byte makes one more chunk.
const lengths = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(0, 1, 65_535, 65_536, 65_537, 131_072, 131_073),
)

let identity = ''
let recipient = ''
before(async () => {
  identity = await generateX25519Identity()
  recipient = await identityToRecipient(identity)
})

test('what is sealed is opened by the library, and what the library encrypts is opened here', async () => {
  await fc.assert(
    fc.asyncProperty(lengths, async (length) => {
      const plain = randomBytes(length)
      const decrypter = new Decrypter()
      decrypter.addIdentity(identity)
      assert.ok(plain.equals(await decrypter.decrypt(await seal(plain, [recipient]))))
      const encrypter = new Encrypter()
      encrypter.addRecipient(recipient)
      const opened = await open(await encrypter.encrypt(plain), new Secret(identity))
      assert.ok(opened.kind === 'opened' && opened.plain.equals(plain))
    }),
    { numRuns: 25 },
  )
})

test('nothing of a message that is cut off, lengthened or changed anywhere is given', async () => {
  const sealed = await seal(randomBytes(70_000), [recipient])
  const places = fc.integer({ min: 0, max: sealed.length - 1 })
  await fc.assert(
    fc.asyncProperty(places, fc.constantFrom('cut', 'change', 'add'), async (at, how) => {
      const meddled =
        how === 'cut' ? sealed.subarray(0, at) : Buffer.concat([sealed, Buffer.alloc(how === 'add' ? 1 : 0)])
      if (how === 'change') meddled[at] = (meddled[at] ?? 0) ^ 1
      assert.notEqual((await open(meddled, new Secret(identity))).kind, 'opened')
    }),
    { numRuns: 60 },
  )
})

test('each recipient opens it, and nobody else', async () => {
  const other = await generateX25519Identity()
  const stranger = await generateX25519Identity()
  const sealed = await seal(Buffer.from('for two'), [recipient, await identityToRecipient(other)])
  for (const key of [identity, other]) assert.equal((await open(sealed, new Secret(key))).kind, 'opened')
  assert.equal((await open(sealed, new Secret(stranger))).kind, 'wrong-key')
})
