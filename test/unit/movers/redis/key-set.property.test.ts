import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isInPart, KeySet, keyHash, mostHashes, partsFor } from '../../../../src/movers/redis/key-set.ts'

const key = fc.string({ maxLength: 12 })
const hashOf = (one: string, seed = 0) => keyHash(Buffer.from(one), 0, Buffer.byteLength(one), seed)

test('a key set has the keys that were added, wherever they stood in a buffer, and no other', () => {
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 3000 }), fc.array(key), fc.nat(3000), (keys, others, expected) => {
      const set = new KeySet(expected)
      for (const one of keys) {
        const bytes = Buffer.from(`before${one}after`)
        set.add(keyHash(bytes, 6, bytes.length - 5, 0))
      }
      for (const one of keys) assert.equal(set.has(hashOf(one)), true)
      for (const one of others) assert.equal(set.has(hashOf(one)), keys.includes(one))
    }),
    { numRuns: 50 },
  )
})

test('a key set tells which keys were added more than once', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.nat(2))), (keys) => {
      const [set, repeated] = [new KeySet(0), new KeySet(0)]
      const times = new Map<number, number>()
      for (const [one, seed] of keys) {
        const hash = hashOf(one, seed)
        set.add(hash)
        times.set(hash, (times.get(hash) ?? 0) + 1)
      }
      set.addRepeatedTo(repeated)
      assert.equal(repeated.size, [...times.values()].filter((count) => count > 1).length)
      for (const [hash, count] of times) assert.equal(repeated.has(hash), count > 1)
    }),
  )
})

test('every key is in one part, and a part fits into a set', () => {
  for (const keys of [0, 1, mostHashes, mostHashes + 1, 5 * mostHashes]) {
    const parts = partsFor(keys)
    assert.ok(keys / parts <= mostHashes)
    const places = Array.from({ length: parts }, (_, part) => isInPart(hashOf(`key of ${keys}`), part, parts))
    assert.equal(places.filter(Boolean).length, 1)
  }
})
