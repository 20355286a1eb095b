import { TupleFields } from '../../../wire/postgres/tuple-fields.ts'
import type { Canonical } from './canonical.ts'
import { CanonicalRow, longestWhole, type WriteCell } from './canonical-row.ts'
import { asIs, writeFromTarget } from './canonical-target.ts'

/**
 * Writes what binary COPY sends of a PostgreSQL source, and of a target's column of the same type, in canonical form.
 *
 * Types that no other source has are compared in their binary form. `bit varying` is too: in the form that MySQL's `bit`
 * has, it would lose its length.
 */
export function writeFromPostgres(type: string): WriteCell {
  return type.startsWith('bit varying') ? asIs : (writeFromTarget(type) ?? asIs)
}

/** `writeFromPostgres` for single values. */
export function canonicalFromPostgres(type: string): Canonical {
  const write = writeFromPostgres(type)
  if (write === asIs) return (value) => value
  let row: CanonicalRow | undefined
  return (value) => {
    row ??= new CanonicalRow(new TupleFields(0), [])
    row.at = 0
    const length = write(row, value, 0, value.length)
    return length > longestWhole ? value : Buffer.from(row.bytes.subarray(0, length))
  }
}
