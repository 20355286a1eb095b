/**
 * The one text of a value, so that it can be hashed and signed: no white space, members ordered by the UTF-16 code units
 * of their names, numbers and strings as ECMAScript writes them.
 *
 * Throws a TypeError for what has no such text, at any depth: undefined, bigint, NaN, an infinite number, half of a
 * surrogate pair, a cycle, and any object that is not plain. A `Secret`, a Date or a Buffer never gets in by way of `toJSON`.
 * Source of truth: RFC 8785.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0)
}

const deepest = 100

function write(value: unknown, depth: number): string {
  if (depth > deepest) throw new TypeError(`canonical JSON: deeper than ${deepest} levels`)
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new TypeError('canonical JSON: text with half of a surrogate pair')
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('canonical JSON: a number that is not finite')
      return JSON.stringify(value)
    case 'boolean':
      return String(value)
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1)).join(',')}]`
      if (isPlain(value)) return writeObject(value, depth)
      throw new TypeError('canonical JSON: an object that is not plain')
    default:
      throw new TypeError(`canonical JSON: a value of type ${typeof value}`)
  }
}

function writeObject(object: Readonly<Record<string, unknown>>, depth: number): string {
  // The default order of `sort` is that of UTF-16 code units, which is the RFC's.
  const names = Object.keys(object).sort()
  return `{${names.map((name) => `${write(name, depth)}:${write(object[name], depth + 1)}`).join(',')}}`
}

function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
