import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { PartStore } from '../../src/ports/exchange.ts'

/** What every place of an exchange promises. In: gives an empty place, inside a test. */
export function partStoreContract(name: string, open: () => PartStore): void {
  const { signal } = new AbortController()
  const put = (store: PartStore, at: string, bytes: Uint8Array) =>
    store.put(at, bytes, { sha256: createHash('sha256').update(bytes).digest('hex'), signal })

  test(`${name}: gives back what was put, byte for byte, also when it is empty or put again`, async () => {
    const store = open()
    for (const bytes of [randomBytes(100_000), Buffer.alloc(0), Buffer.from('again')]) {
      await put(store, 'x/part-1.age', bytes)
      assert.equal(await store.sizeOf('x/part-1.age', { signal }), bytes.length)
      const back = await store.get('x/part-1.age', { largestBytes: bytes.length, signal })
      assert.ok(back !== null && bytes.equals(back))
    }
  })

  test(`${name}: says of what is not there that it is not there`, async () => {
    const store = open()
    assert.equal(await store.sizeOf('x/none', { signal }), null)
    assert.equal(await store.get('x/none', { largestBytes: 10, signal }), null)
  })

  test(`${name}: gives no more of a long one than was asked for, and one byte to know by`, async () => {
    const store = open()
    await put(store, 'x/long', randomBytes(50_000))
    assert.equal((await store.get('x/long', { largestBytes: 1000, signal }))?.length, 1001)
  })
}
