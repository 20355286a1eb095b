import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { chunksOf } from '../../../../src/movers/redis/decoded-commands.ts'

test('pieces hold every word once and in order, whole elements, and a bounded number of them', () => {
  const sizes = fc.array(fc.oneof(fc.nat(20), fc.nat(70_000)), { maxLength: 1500 })
  fc.assert(
    fc.property(sizes, fc.constantFrom(1, 2), (sizes, perElement) => {
      const whole = sizes.slice(0, sizes.length - (sizes.length % perElement))
      const words = whole.map((size) => Buffer.alloc(size))
      const chunks = [...chunksOf(words, perElement)]
      assert.deepEqual(
        chunks.flatMap((chunk) => chunk.words.map((word) => word.length)),
        whole,
      )
      for (const { words, bytes } of chunks) {
        assert.ok(words.length > 0 && words.length <= 512 * perElement && words.length % perElement === 0)
        assert.ok(bytes >= words.reduce((sum, word) => sum + word.length, 0))
      }
    }),
    { numRuns: 30 },
  )
})
