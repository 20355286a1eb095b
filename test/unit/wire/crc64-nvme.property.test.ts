import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Crc64Nvme } from '../../../src/wire/crc64-nvme.ts'

/** Bit by bit, as the definition has it. */
function crc64Plain(bytes: Uint8Array): string {
  const ones = 0xffffffffffffffffn
  let value = ones
  for (const byte of bytes) {
    value ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? 0x9a6c9329ac4bc9b5n : 0n)
  }
  return (value ^ ones).toString(16).padStart(16, '0')
}

test('the check value is the one of CRC-64/NVME', () => {
  const crc = new Crc64Nvme()
  crc.update(Buffer.from('123456789'))
  assert.equal(String(crc), 'ae8b14860a799888')
})

test('byte by byte, in pieces, gives what bit by bit gives', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (pieces) => {
      const crc = new Crc64Nvme()
      for (const piece of pieces) crc.update(piece)
      assert.equal(String(crc), crc64Plain(Buffer.concat(pieces)))
    }),
    { numRuns: 300 },
  )
})
