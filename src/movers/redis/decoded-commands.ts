import type { ValueKind } from '../../wire/rdb/rdb-types.ts'

/** How a decoded value is built up: the command, the words that each element has, and whether the second comes first. */
export const fillCommands: Readonly<
  Record<
    Exclude<ValueKind, 'string'>,
    { readonly command: string; readonly wordsPerElement: 1 | 2; readonly scoreFirst: boolean }
  >
> = {
  list: { command: 'RPUSH', wordsPerElement: 1, scoreFirst: false },
  set: { command: 'SADD', wordsPerElement: 1, scoreFirst: false },
  hash: { command: 'HSET', wordsPerElement: 2, scoreFirst: false },
  zset: { command: 'ZADD', wordsPerElement: 2, scoreFirst: true },
}

const elementsPerChunk = 512
const chunkBytes = 64 * 1024

/** Words in order, in pieces of at most 512 elements and about 64 KiB; `bytes` is the room that they take as words. */
export function* chunksOf(
  words: readonly Buffer[],
  wordsPerElement: number,
): Generator<{ readonly words: readonly Buffer[]; readonly bytes: number }> {
  let start = 0
  let bytes = 0
  for (let at = 0; at < words.length; at += wordsPerElement) {
    for (let i = at; i < at + wordsPerElement; i++) bytes += (words[i]?.length ?? 0) + 24
    const next = at + wordsPerElement
    if (bytes < chunkBytes && next - start < elementsPerChunk * wordsPerElement && next < words.length) continue
    yield { words: words.slice(start, next), bytes }
    start = next
    bytes = 0
  }
}
