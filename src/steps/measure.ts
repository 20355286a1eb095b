import type { Measurement } from '../ports/step.ts'

type Value = string | number | bigint | boolean | null

/** Something measured, and what it should be. */
export function measure(what: string, expected: Value, found: Value): Measurement {
  return { what, expected: String(expected), found: String(found), equal: expected === found }
}

/** A list that should be empty; at most so many of its items are named. */
export function measureNone(what: string, items: readonly string[], named = 5): Measurement {
  const more = items.length > named ? ` and ${items.length - named} more` : ''
  const found = items.length === 0 ? 'none' : `${items.slice(0, named).join(', ')}${more}`
  return { what, expected: 'none', found, equal: items.length === 0 }
}
