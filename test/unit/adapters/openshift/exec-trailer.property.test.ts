import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TrailerFilter } from '../../../../src/adapters/openshift/exec-trailer.ts'

const mark = 'mark-1'
const sum = 'ab'.repeat(32)
const trailer = `\n${mark} 3 12 ${sum} 4 ${sum}\n`

/** Passes a text through the filter in the pieces that the cuts make. */
function pass(text: string, cuts: readonly number[]) {
  const filter = new TrailerFilter(mark)
  const bytes = Buffer.from(text)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  const out = places.slice(1).map((to, n) => filter.take(bytes.subarray(places[n], to)))
  const end = filter.end()
  return { out: Buffer.concat([...out, end.rest]).toString(), trailer: end.trailer }
}

// Texts that are rich in beginnings of the mark.
const stderr = fc
  .array(fc.constantFrom('\n', 'mark-', '\nmark-', 'mark-1', 'oops', '\n\nma', 'é'))
  .map((parts) => parts.join(''))
const cuts = fc.array(fc.nat({ max: 1000 }), { maxLength: 12 })

test('the trailer is found however stderr is cut, and all else is what the program wrote', () => {
  fc.assert(
    fc.property(stderr, cuts, (text, cuts) => {
      const passed = pass(text + trailer, cuts)
      assert.equal(passed.out, text)
      assert.deepEqual(passed.trailer, {
        exitCode: 3,
        stdout: { bytes: 12, sha256: sum },
        stdin: { bytes: 4, sha256: sum },
      })
    }),
  )
})

test('without a whole trailer there is none, and nothing is lost', () => {
  fc.assert(
    fc.property(stderr, cuts, fc.nat({ max: trailer.length - 1 }), (text, cuts, kept) => {
      const passed = pass(text + trailer.slice(0, kept), cuts)
      assert.equal(passed.trailer, null)
      assert.equal(passed.out, text + trailer.slice(0, kept))
    }),
  )
})
