/** The value at a path such as `.status.phase` or `status.conditions`; undefined where there is none. */
export function readPath(value: unknown, path: string): unknown {
  let at = value
  for (const step of path.split('.')) {
    if (step === '') continue
    if (!isFields(at)) return undefined
    at = Object.hasOwn(at, step) ? at[step] : undefined
  }
  return at
}

/** As `readPath`, of an object's list; absent and anything else is an empty one. */
export function readList(value: unknown, path: string): readonly unknown[] {
  const found = readPath(value, path)
  return Array.isArray(found) ? found : []
}

/** As `readPath`, of a text; absent and anything else is an empty one. */
export function readText(value: unknown, path: string): string {
  const found = readPath(value, path)
  return typeof found === 'string' ? found : ''
}

/** As `readPath`, of a text, a number or a boolean, each as text; `otherwise` for absent and anything else. */
export function readWord(value: unknown, path: string, otherwise = ''): string {
  const found = readPath(value, path)
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? `${found}` : otherwise
}

/** As `readPath`, of a number; absent and anything else is 0. */
export function readNumber(value: unknown, path: string): number {
  const found = readPath(value, path)
  return typeof found === 'number' ? found : 0
}

export type Fields = Readonly<Record<string, unknown>>

/** A JSON object, as opposed to a list, a text, a number or null. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
