/**
 * Data as JSON in the one form that can be hashed: names in the order of their UTF-16 code units, no white space, numbers
 * and strings as JavaScript writes them.
 *
 * In: null, booleans, finite numbers, strings, arrays and plain objects of these. A property that is undefined is left out.
 * Anything else is a bug, and throws.
 * Source: RFC 8785, JSON Canonicalization Scheme.
 */
export function canonicalJson(value: unknown): string {
  const isWritten = value === null || typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value)
  if (isWritten) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) return canonicalObject(value)
  throw new Error(`bug: JSON has no form for this ${typeof value}`)
}

function canonicalObject(value: object): string {
  const properties = Object.entries(value)
    .filter(([, held]) => held !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${properties.map(([name, held]) => `${JSON.stringify(name)}:${canonicalJson(held)}`).join(',')}}`
}
