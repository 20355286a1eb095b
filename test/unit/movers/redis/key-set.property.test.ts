import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { KeySet } from '../../../../src/movers/redis/key-set.ts'

test('a key set has the keys that were added, wherever they stood in a buffer, and no other', () => {
  const key = fc.string({ maxLength: 12 })
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 3000 }), fc.array(key), (keys, others) => {
      const set = new KeySet()
      for (const one of keys) {
        const bytes = Buffer.from(`before${one}after`)
        set.add(bytes, 6, bytes.length - 5)
      }
      const has = (one: string) => set.has(Buffer.from(one), 0, Buffer.byteLength(one))
      for (const one of keys) assert.equal(has(one), true)
      for (const one of others) assert.equal(has(one), keys.includes(one))
    }),
    { numRuns: 50 },
  )
})
