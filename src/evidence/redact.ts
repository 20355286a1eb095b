import type { Json, JsonObject } from '../model/json.ts'

/** What stands where something was left out. */
export const withheld = '[withheld]'

const longestText = 4000

/** A name that says that its value is a secret, in camelCase, snake_case or kebab-case. */
const secretName =
  /(?:pass(?:word|wd|phrase)|secret|token|credentials?|authorization|cookie|(?:private|access|api|provider|user|master|signing)[-_]?key)$/i

/** Text that is a secret by its look, whatever its name. */
const secretLooks: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /AGE-SECRET-KEY-1/i,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bBearer\s+\S/i,
  /\beyJ[\w-]+\.eyJ[\w-]+\./,
  /\btst_[0-9a-f]{12}_/,
]

/**
 * What of a body may be kept for good and shown to anybody: only the members named in `allowed`, and of these no value that is
 * a secret by its name or by its look. Passwords in URLs go, very long text is cut.
 *
 * Throws a TypeError for what is not plain data, such as a `Secret`, wherever it is: then nothing may be written.
 */
export function redact(body: JsonObject, allowed: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(
    members(body).map(([name, value]) => [name, allowed.has(name) ? presentable(name, value) : withheld]),
  )
}

function presentable(name: string, value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'string') return secretName.test(name) ? withheld : presentableText(value)
  if (Array.isArray(value)) return value.map((item: unknown) => presentable(name, item))
  return Object.fromEntries(members(value).map(([inner, item]) => [inner, presentable(inner, item)]))
}

function members(value: unknown): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null) throw new TypeError(`bug: ${typeof value} in the body of a record`)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('bug: an object that is not plain data in the body of a record')
  }
  return Object.entries(value)
}

function presentableText(text: string): string {
  // What is far behind the cut need not be looked through.
  const looked = text.slice(0, 2 * longestText)
  if (secretLooks.some((look) => look.test(looked))) return withheld
  // Half of a surrogate pair could not be signed; a password in a URL must not be, and it may hold any sign.
  const open = looked.toWellFormed().replaceAll(/\b([a-z][a-z0-9+.-]{0,20}:\/\/)\S{1,500}@/gi, `$1${withheld}@`)
  return open.length <= longestText ? open : `${open.slice(0, longestText).toWellFormed()}… (${text.length} characters)`
}
