import { TupleFields } from '../../../wire/postgres/tuple-fields.ts'
import { CanonicalRow } from './canonical-row.ts'

/** 53 bits of a hash of four words, as one number. */
export function hashOfWords(words: Uint32Array): number {
  return (words[0] ?? 0) * 2 ** 21 + ((words[1] ?? 0) >>> 11)
}

/** Those of cells that hold these texts, as `CanonicalRow.cellDigest` gives them. */
export function hashesOfCells(texts: readonly string[]): ReadonlySet<number> {
  const row = new CanonicalRow(new TupleFields(0), [])
  return new Set(
    texts.map((text) => {
      row.take([Buffer.from(text, 'utf8')])
      return hashOfWords(row.digest())
    }),
  )
}
