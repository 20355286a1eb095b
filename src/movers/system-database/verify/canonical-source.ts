import type { CanonicalRow, WriteCell } from './canonical-row.ts'
import { canonicalFromSource } from './canonical.ts'
import type { SourceColumn } from '../schema/source-catalog.ts'

const zero = 0x30
const point = 0x2e

/**
 * Writes the source's text-protocol values in canonical form: what `canonicalFromSource` gives, without an object per
 * value. Held equal to it by a property test.
 */
export function writeFromSource(column: SourceColumn): WriteCell {
  switch (column.dataType) {
    case 'tinyint':
      return column.columnType.startsWith('tinyint(1)') && !column.columnType.includes('unsigned') ? boolean : number
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
    case 'decimal':
    case 'year':
      return number
    case 'float':
    case 'double':
      return plainly(column)
    case 'time':
    case 'datetime':
    case 'timestamp':
      return withoutTrailingZeros
    default:
      return asIs
  }
}

const asIs: WriteCell = (row, bytes, start, end) => row.append(bytes, start, end)

const boolean: WriteCell = (row, bytes, start, end) => {
  const digit = bytes[start]
  if (end - start !== 1 || (digit !== zero && digit !== zero + 1)) return row.append(bytes, start, end)
  row.byte(digit === zero ? 0x66 : 0x74)
  return 1
}

const number: WriteCell = (row, bytes, start, end) => {
  let from = start
  while (bytes[from] === zero && from + 1 < end && bytes[from + 1] !== point) from++
  return row.append(bytes, from, end)
}

const withoutTrailingZeros: WriteCell = (row, bytes, start, end) => {
  // Without a fraction, the seconds end here.
  let at = end - 1
  while (at > start && bytes[at] !== point && end - at < 8) at--
  if (bytes[at] !== point) return row.append(bytes, start, end)
  let to = end
  while (bytes[to - 1] === zero) to--
  return row.append(bytes, start, bytes[to - 1] === point ? to - 1 : to)
}

/** Text to floating point needs a string in any case. */
function plainly(column: SourceColumn): WriteCell {
  const canonical = canonicalFromSource(column)
  return (row: CanonicalRow, bytes, start, end) => {
    const value = canonical(bytes.subarray(start, end))
    return row.append(value, 0, value.length)
  }
}
