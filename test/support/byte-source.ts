import type { ByteSource } from '../../src/wire/rdb/rdb-reader.ts'

/** Bytes from memory, in pieces: as large as asked for, or of the given sizes over and over. */
export function bytesFrom(bytes: Buffer, sizes: readonly number[] = [Infinity]): ByteSource {
  let at = 0
  let turn = 0
  return {
    read(into) {
      const piece = bytes.subarray(at, at + Math.min(into.length, sizes[turn++ % sizes.length] ?? Infinity))
      at += piece.copy(into)
      return piece.length
    },
  }
}
