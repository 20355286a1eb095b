import { isUtf8 } from 'node:buffer'
import type { ValueClass } from '../../../model/decision.ts'

/** What text PostgreSQL refuses: bytes that are not UTF-8 (CESU-8 surrogates and cut characters too), and NUL. */
export function classifyText(bytes: Buffer): ValueClass | null {
  if (!isUtf8(bytes)) return 'undecodable-text'
  return bytes.includes(0) ? 'nul-byte' : null
}

/** Puts U+FFFD for each NUL, or for each run of bytes that no character starts with; never adds characters. */
export function replaceText(bytes: Buffer, valueClass: ValueClass): Buffer {
  if (valueClass === 'nul-byte') return Buffer.from(bytes.toString('utf8').replaceAll('\0', replacement))
  const parts: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    const good = validPrefix(bytes, at)
    if (good > at) parts.push(bytes.subarray(at, good))
    if (good === bytes.length) break
    parts.push(replacementBytes)
    at = good + 1
    while (at < bytes.length && characterLength(bytes, at) === 0) at++
  }
  return Buffer.concat(parts)
}

const replacement = '\uFFFD'
const replacementBytes = Buffer.from(replacement)

/** The offset of the first byte at or after `from` that is not part of a valid character. */
function validPrefix(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length) {
    const length = characterLength(bytes, at)
    if (length === 0) return at
    at += length
  }
  return at
}

/** Bytes of the valid UTF-8 character at an offset, or 0. Source: RFC 3629, section 4. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0
  if (first < 0x80) return 1
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0
  return isUtf8(bytes.subarray(at, at + length)) ? length : 0
}
