import { isUtf8 } from 'node:buffer'
import type { TupleWriter } from '../../../wire/postgres/tuple-writer.ts'

/**
 * Text, bytes, bits and booleans, from what MySQL sends to PostgreSQL's binary form.
 *
 * Each function is a `FieldEncoder`. Source: PostgreSQL's textrecv, bytearecv, bit_recv and boolrecv.
 */

export function encodeBoolean(source: Buffer, start: number, end: number, out: TupleWriter): boolean {
  const value = (source[start] ?? 0) - 0x30
  if (end - start !== 1 || (value !== 0 && value !== 1)) return false
  out.view.setInt32(out.at, 1)
  out.bytes[out.at + 4] = value
  out.at += 5
  return true
}

// Up to here a loop is faster than the calls of Node's own functions.
const shortBytes = 64

/**
 * Text, json and varchar: valid UTF-8 without NUL as it is. That a varchar is not too long is PostgreSQL's to say, in
 * this format as in the text format.
 */
export function encodeText(source: Buffer, start: number, end: number, out: TupleWriter): boolean {
  const length = end - start
  const { bytes, at } = out
  if (length > shortBytes || !putAscii(source, start, end, bytes, at + 4)) {
    const text = source.subarray(start, end)
    if (!isUtf8(text) || text.indexOf(0) >= 0) return false
    bytes.set(text, at + 4)
  }
  out.view.setInt32(at, length)
  out.at = at + 4 + length
  return true
}

/** Copies bytes from 1 to 127; false, with some of them copied, where there is another. */
function putAscii(source: Buffer, start: number, end: number, target: Buffer, at: number): boolean {
  const shift = at - start
  for (let i = start; i < end; i++) {
    const byte = source[i] ?? 0
    if (byte === 0 || byte > 0x7f) return false
    target[i + shift] = byte
  }
  return true
}

export function encodeBytea(source: Buffer, start: number, end: number, out: TupleWriter): boolean {
  const length = end - start
  const { bytes, at } = out
  if (length > shortBytes) bytes.set(source.subarray(start, end), at + 4)
  else {
    const shift = at + 4 - start
    for (let i = start; i < end; i++) bytes[i + shift] = source[i] ?? 0
  }
  out.view.setInt32(at, length)
  out.at = at + 4 + length
  return true
}

/** `bits`: the column's width. MySQL fills the first byte with zeros on the left, PostgreSQL the last one on the right. */
export function encodeBit(source: Buffer, start: number, end: number, out: TupleWriter, bits: number): boolean {
  const { bytes, view, at } = out
  const count = (bits + 7) >> 3
  const shift = count * 8 - bits
  if (end - start !== count || (source[start] ?? 0) << shift > 0xff) return false
  view.setInt32(at, count + 4)
  view.setInt32(at + 4, bits)
  for (let i = 0; i < count; i++) {
    const next = i + 1 < count ? (source[start + i + 1] ?? 0) : 0
    bytes[at + 8 + i] = (((source[start + i] ?? 0) << 8) | next) >> (8 - shift)
  }
  out.at = at + 8 + count
  return true
}
