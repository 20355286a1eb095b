import { fault } from './faults.ts'

/**
 * Unpacks LZF `from[start, end)` into `into`, which must hold `length` bytes from 0.
 *
 * Faults: RDB_CORRUPT when the packed bytes give another length
 * or point before their beginning.
 * Source: liblzf 3.6, `lzf_d.c`, as in Redis.
 */
export function unpackLzf(from: Buffer, start: number, end: number, into: Buffer, length: number): void {
  let at = start
  let out = 0
  while (at < end) {
    const control = from[at++] ?? 0
    if (control < 32) {
      const literal = control + 1
      if (at + literal > end || out + literal > length) throw corrupt()
      from.copy(into, out, at, at + literal)
      at += literal
      out += literal
      continue
    }
    let run = control >>> 5
    if (run === 7) run += from[at++] ?? 0
    // The byte that follows ends the distance; one that is missing reads as 0 and is caught below.
    let reference = out - ((control & 0x1f) << 8) - (from[at++] ?? 0) - 1
    run += 2
    if (at > end || reference < 0 || out + run > length) throw corrupt()
    // Byte by byte: the run may overlap what it writes.
    for (; run > 0; run--) into[out++] = into[reference++] ?? 0
  }
  if (out !== length) throw corrupt()
}

/** LZF gives at most 264 bytes for 3: a length that cannot be right must not become an allocation. */
export function checkLzfLength(packedBytes: number, length: number): void {
  if (length > packedBytes * 88 + 264) throw corrupt()
}

function corrupt(): Error {
  return fault('RDB_CORRUPT', { what: 'a compressed string' })
}
