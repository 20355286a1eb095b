import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SyncPayload } from '../../../../src/wire/resp/sync-payload.ts'

const mark = '0123456789abcdef0123456789abcdef01234567'

test('the data of a synchronisation is the same by length and by mark, however it is cut', () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    // Nearly the mark, several times.
    fc
      .array(fc.constantFrom(mark.slice(0, 39), mark.slice(1), '\n', mark.slice(0, 10)), { maxLength: 5 })
      .map((parts) => Buffer.from(parts.join(''))),
  )
  const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 })
  fc.assert(
    fc.property(
      body,
      fc.nat(3),
      fc.boolean(),
      fc.uint8Array({ maxLength: 60 }),
      cuts,
      (body, beats, byMark, after, cuts) => {
        const data = Buffer.from(body)
        fc.pre(!data.includes(mark))
        const header = byMark ? `$EOF:${mark}\r\n` : `$${data.length}\r\n`
        const end = Buffer.from(byMark ? mark : '')
        const bytes = Buffer.concat([Buffer.from('\n'.repeat(beats) + header), data, end, after])
        const written: Buffer[] = []
        const payload = new SyncPayload((piece) => written.push(Buffer.from(piece)))
        let at = 0
        for (let cut = 0; at < bytes.length && !payload.ended; cut++) {
          at += payload.feed(bytes.subarray(at, at + (cuts[cut % cuts.length] ?? 1)))
        }
        assert.equal(payload.ended, true)
        assert.deepEqual(bytes.subarray(at), Buffer.from(after), 'what follows the data begins here')
        assert.deepEqual(Buffer.concat(written), data)
      },
    ),
  )
})
