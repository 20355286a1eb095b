/** A value that an edge row holds: how to write it, and a condition that is true of the column that holds it. */
export interface EdgeValue {
  readonly sql: string
  readonly holds: (column: string) => string
}

/** A number, date or time, as MySQL prints it. */
export function printed(text: string): EdgeValue {
  return { sql: `'${text}'`, holds: (column) => `CAST(\`${column}\` AS CHAR) = '${text}'` }
}

/** Exactly these bytes (hexadecimal), whatever the column's character set takes them for. */
export function bytes(hex: string): EdgeValue {
  const upper = hex.replaceAll(' ', '').toUpperCase()
  return { sql: upper === '' ? "''" : `X'${upper}'`, holds: (column) => `HEX(\`${column}\`) = '${upper}'` }
}

/** The UTF-8 of `text`. */
export function utf8(text: string): EdgeValue {
  return bytes(Buffer.from(text).toString('hex'))
}

/** `hex` again and again, made by the server so that the statement stays short. */
export function repeated(hex: string, times: number): EdgeValue {
  const sql = `REPEAT(X'${hex}', ${times})`
  return { sql, holds: (column) => `MD5(\`${column}\`) = MD5(${sql})` }
}

/**
 * The value of the row that is copied, with `times` copies of `part` after its only `mark`, made by the server. It has to
 * be JSON then.
 */
export function lengthened(column: string, mark: string, part: string, times: number): EdgeValue {
  const sql = `REPLACE(\`${column}\`, '${mark}', CONCAT('${mark}', REPEAT('${part}', ${times})))`
  const length = Buffer.byteLength(part) * times
  return { sql, holds: (name) => `LENGTH(\`${name}\`) > ${length} AND JSON_VALID(\`${name}\`)` }
}

export const nothing: EdgeValue = { sql: 'NULL', holds: (column) => `\`${column}\` IS NULL` }

/** Every byte value once, 00 to FF. */
export const allBytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i)).toString('hex')
