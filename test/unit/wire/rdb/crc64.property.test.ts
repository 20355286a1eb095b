import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Crc64, restoreOverheadBytes, restorePayload } from '../../../../src/wire/rdb/crc64.ts'

/** Bit by bit, as the definition has it. */
function crc64Plain(bytes: Uint8Array): string {
  let value = 0n
  for (const byte of bytes) {
    value ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? 0x95ac9329ac4bc9b5n : 0n)
  }
  return value.toString(16).padStart(16, '0')
}

test('long pieces, which are folded as two halves, come to the same', () => {
  const bytes = Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * 2_654_435_761) >>> 24))
  for (const [start, end] of [
    [0, 8192],
    [3, 8194],
    [1, 8194],
    [7, 16_391],
    [5, 39_999],
  ] as const) {
    for (const cut of [start, start + 1, start + 5000, end]) {
      const crc = new Crc64()
      crc.update(bytes, start, cut)
      crc.update(bytes, cut, end)
      assert.equal(String(crc), crc64Plain(bytes.subarray(start, end)))
    }
  }
})

test('the check value is the one of CRC-64/Jones', () => {
  const crc = new Crc64()
  crc.update(Buffer.from('123456789'), 0, 9)
  assert.equal(String(crc), 'e9c6d914c4b8d9ca')
})

test('eight bytes at a time, in pieces, give what bit by bit gives', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (pieces) => {
      const crc = new Crc64()
      for (const piece of pieces) crc.update(Buffer.from([9, ...piece, 9]), 1, 1 + piece.length)
      assert.equal(String(crc), crc64Plain(Buffer.concat(pieces)))
    }),
    { numRuns: 300 },
  )
})

test('a RESTORE payload is type, value, the lowest version of the type and the checksum', () => {
  const into = Buffer.alloc(32, 0xee)
  const value = Buffer.from('..abc..')
  const end = restorePayload(18, value, 2, 5, into, 4)
  assert.equal(end, 4 + 3 + restoreOverheadBytes)
  assert.equal(into.toString('hex', 4, end - 8), '126162630a00')
  assert.equal(
    into
      .readBigUInt64LE(end - 8)
      .toString(16)
      .padStart(16, '0'),
    crc64Plain(into.subarray(4, end - 8)),
  )
  assert.ok(into.subarray(end).every((byte) => byte === 0xee))
})
