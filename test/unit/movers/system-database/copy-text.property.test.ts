import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CopyTextWriter, readCopyText } from '../../../../src/movers/system-database/copy-text.ts'

const cell = fc.option(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  { nil: null },
)
const rows = fc
  .integer({ min: 1, max: 5 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 20 }))

async function* cutAt(text: Buffer, at: readonly number[]): AsyncGenerator<Buffer> {
  const cuts = [...new Set(at.map((n) => n % (text.length + 1)))].toSorted((a, b) => a - b)
  for (const [i, start] of [0, ...cuts].entries()) yield text.subarray(start, cuts[i] ?? text.length)
}

test('what is written as COPY text is read back the same, wherever the stream is cut', async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.array(fc.nat()), async (wanted, cuts) => {
      const writer = new CopyTextWriter()
      for (const row of wanted) {
        for (const field of row) writer.field(field)
        writer.endRow()
      }
      const found: (readonly (Buffer | null)[])[] = []
      for await (const batch of readCopyText(cutAt(writer.take(), cuts))) found.push(...batch)
      assert.deepEqual(found, wanted)
    }),
  )
})

test('a field larger than a block is written whole', async () => {
  const large = Buffer.alloc(3_000_000, '\\')
  const writer = new CopyTextWriter()
  writer.field(large)
  writer.endRow()
  assert.ok(writer.full)
  for await (const batch of readCopyText(cutAt(writer.take(), []))) assert.deepEqual(batch, [[large]])
})
