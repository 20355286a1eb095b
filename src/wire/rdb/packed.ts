import { fault } from './faults.ts'

/**
 * The elements of Redis' packed encodings, in order, as subarrays of the blob; integers become decimal text.
 *
 * Each takes the whole blob and gives a new array. Faults: RDB_CORRUPT when something points outside of the blob, an
 * encoding is unknown or the count is another.
 * Source: Redis `src/ziplist.c`, `src/listpack.c`, `src/intset.c`, `src/zipmap.c`.
 */
export function readZiplist(blob: Buffer): Buffer[] {
  const out: Buffer[] = []
  const name = 'a ziplist'
  need(blob, 0, 11, name)
  let at = 10
  for (;;) {
    need(blob, at, 1, name)
    if (byteAt(blob, at) === endMark) break
    at += byteAt(blob, at) < 254 ? 1 : 5
    need(blob, at, 1, name)
    const code = byteAt(blob, at)
    if (code < 0xc0) {
      const header = code < 0x40 ? 1 : code < 0x80 ? 2 : 5
      need(blob, at, header, name)
      const length = header === 1 ? code : header === 2 ? blob.readUInt16BE(at) & 0x3fff : blob.readUInt32BE(at + 1)
      at += header
      need(blob, at, length, name)
      out.push(blob.subarray(at, at + length))
      at += length
    } else if (code >= 0xf1 && code <= 0xfd) {
      out.push(textOf((code & 0x0f) - 1))
      at += 1
    } else {
      const bytes = ziplistIntegers[code] ?? 0
      if (bytes === 0) throw corrupt(name)
      need(blob, at, 1 + bytes, name)
      out.push(integerAt(blob, at + 1, bytes))
      at += 1 + bytes
    }
  }
  return counted(out, blob.readUInt16LE(8), name)
}

export function readListpack(blob: Buffer): Buffer[] {
  const out: Buffer[] = []
  const name = 'a listpack'
  need(blob, 0, 7, name)
  let at = 6
  for (;;) {
    need(blob, at, 1, name)
    const code = byteAt(blob, at)
    if (code === endMark) break
    const entry = at
    if (code < 0x80) {
      out.push(textOf(code))
      at += 1
    } else if (code >= 0xc0 && code < 0xe0) {
      need(blob, at, 2, name)
      const value = ((code & 0x1f) << 8) | byteAt(blob, at + 1)
      out.push(textOf(value < 4096 ? value : value - 8192))
      at += 2
    } else if (code >= 0xf1) {
      const bytes = listpackIntegers[code] ?? 0
      if (bytes === 0) throw corrupt(name)
      need(blob, at, 1 + bytes, name)
      out.push(integerAt(blob, at + 1, bytes))
      at += 1 + bytes
    } else {
      const header = code < 0xc0 ? 1 : code < 0xf0 ? 2 : 5
      need(blob, at, header, name)
      const length =
        header === 1 ? code & 0x3f : header === 2 ? blob.readUInt16BE(at) & 0x0fff : blob.readUInt32LE(at + 1)
      at += header
      need(blob, at, length, name)
      out.push(blob.subarray(at, at + length))
      at += length
    }
    at += backLengthBytes(at - entry)
  }
  return counted(out, blob.readUInt16LE(4), name)
}

export function readIntset(blob: Buffer): Buffer[] {
  const name = 'an intset'
  need(blob, 0, 8, name)
  const bytes = blob.readUInt32LE(0)
  const count = blob.readUInt32LE(4)
  if ((bytes !== 2 && bytes !== 4 && bytes !== 8) || blob.length !== 8 + bytes * count) throw corrupt(name)
  const out: Buffer[] = []
  for (let at = 8; at < blob.length; at += bytes) out.push(integerAt(blob, at, bytes))
  return out
}

/** Flat: field, value, field, value … */
export function readZipmap(blob: Buffer): Buffer[] {
  const out: Buffer[] = []
  const name = 'a zipmap'
  need(blob, 0, 2, name)
  let at = 1
  for (;;) {
    need(blob, at, 1, name)
    let length = byteAt(blob, at)
    if (length === endMark) break
    at += 1
    if (length === 254) {
      need(blob, at, 4, name)
      length = blob.readUInt32LE(at)
      at += 4
    }
    const isValue = out.length % 2 === 1
    // A value has a byte before it that says how many unused bytes follow it.
    if (isValue) need(blob, at, 1, name)
    const unused = isValue ? byteAt(blob, at) : 0
    if (isValue) at += 1
    need(blob, at, length + unused, name)
    out.push(blob.subarray(at, at + length))
    at += length + unused
  }
  if (at !== blob.length - 1 || out.length % 2 !== 0) throw corrupt(name)
  // From 254 on, the count is not kept.
  const count = byteAt(blob, 0)
  if (count < 254 && count * 2 !== out.length) throw corrupt(name)
  return out
}

const endMark = 0xff
const uncounted = 0xffff
const ziplistIntegers: Readonly<Record<number, number>> = { 0xc0: 2, 0xd0: 4, 0xe0: 8, 0xf0: 3, 0xfe: 1 }
const listpackIntegers: Readonly<Record<number, number>> = { 0xf1: 2, 0xf2: 3, 0xf3: 4, 0xf4: 8 }

/** How many bytes an entry's length takes behind it; the odd limits are Redis' own. */
function backLengthBytes(length: number): number {
  if (length <= 127) return 1
  if (length < 16383) return 2
  if (length < 2097151) return 3
  return length < 268435455 ? 4 : 5
}

function integerAt(blob: Buffer, at: number, bytes: number): Buffer {
  return textOf(bytes === 8 ? blob.readBigInt64LE(at) : blob.readIntLE(at, bytes))
}

function textOf(value: number | bigint): Buffer {
  return Buffer.from(String(value), 'latin1')
}

function byteAt(blob: Buffer, at: number): number {
  return blob[at] ?? 0
}

function need(blob: Buffer, at: number, bytes: number, name: string): void {
  if (at + bytes > blob.length) throw corrupt(name)
}

function counted(out: Buffer[], count: number, name: string): Buffer[] {
  if (count !== uncounted && count !== out.length) throw corrupt(name)
  return out
}

function corrupt(what: string): Error {
  return fault('RDB_CORRUPT', { what })
}
