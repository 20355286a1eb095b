import {
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  Scalar,
  visit,
  type YAMLError,
} from 'yaml'

export type Path = readonly PropertyKey[]

/** What stands where nothing was written after a key; a `null` or `~` that was written out is null. */
export const leftOut = Symbol('left out')

/** A parsed file that still knows where everything stands. */
export interface ReadYaml {
  readonly kind: 'read'
  /** Without keys that have nothing after them: a block whose lines are all comments counts as left out. */
  readonly value: unknown
  /** `line:column` of the key at `path`, or of the nearest thing around it that is there. */
  readonly place: (path: Path) => string
  /** What stands at `path`: undefined when not even its key is there, `leftOut` when nothing is after the key. */
  readonly at: (path: Path) => unknown
}

/** A file that is not YAML: every mistake as `line:column what is wrong`. */
export interface BrokenYaml {
  readonly kind: 'broken'
  readonly mistakes: readonly string[]
}

/**
 * Parses YAML (and so JSON). Numbers other than the file's own `version` stay the text they were written as, so that
 * `release: 2.10` is not 2.1. No message holds any of the file's text.
 */
export function readYaml(text: string): ReadYaml | BrokenYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'core', version: '1.2' })
  const spot = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${Math.max(1, line)}:${Math.max(1, col)}`
  }
  if (document.errors.length > 0) {
    return { kind: 'broken', mistakes: document.errors.map((error) => `${spot(error.pos[0])} ${wordsFor(error)}`) }
  }
  const dangling: string[] = []
  visit(document, {
    Alias(_key, node) {
      if (node.resolve(document) === undefined) dangling.push(`${spot(node.range?.[0] ?? 0)} ${words.BAD_ALIAS}`)
    },
    Pair(_key, pair) {
      if (pair.value === null) pair.value = new Scalar(leftOut)
    },
    Scalar(key, node, path) {
      if (key !== 'key' && node.value === null && !node.source) node.value = leftOut
      const parent = path.at(-1)
      // The `version` of the file itself: the only number in it. Its pair's map is the document's own.
      const isVersion =
        key === 'value' && path.length === 3 && isPair(parent) && isScalar(parent.key) && parent.key.value === 'version'
      if (typeof node.value === 'number' && node.source !== undefined && !isVersion) node.value = node.source
    },
  })
  if (dangling.length > 0) return { kind: 'broken', mistakes: dangling }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 50 }) ?? leftOut
  } catch {
    // The cause may quote the text.
    return { kind: 'broken', mistakes: ['1:1 its aliases (*name) multiply too far'] }
  }
  return {
    kind: 'read',
    value: withoutEmpty(value),
    place: (path) => spot(offsetOf(document.contents, path)),
    at: (path) => dig(value, path),
  }
}

function withoutEmpty(value: unknown): unknown {
  if (value === leftOut) return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) => (child === leftOut ? [] : [[key, withoutEmpty(child)]])),
  )
}

function offsetOf(root: Node | null, path: Path): number {
  let offset = root?.range?.[0] ?? 0
  let node: unknown = root
  for (const key of path) {
    if (!isMap(node)) break
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
    if (pair === undefined) break
    if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
    node = pair.value
  }
  return offset
}

function dig(value: unknown, path: Path): unknown {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = Object.getOwnPropertyDescriptor(at, key)?.value
  }
  return at
}

function wordsFor(error: YAMLError): string {
  const known: Readonly<Partial<Record<YAMLError['code'], string>>> = words
  return known[error.code] ?? `this is not valid YAML (${error.code})`
}

const words = {
  DUPLICATE_KEY: 'this key stands twice in the same block',
  TAB_AS_INDENT: 'indented with a tab; YAML wants spaces',
  BAD_INDENT: 'the indentation does not fit the lines around it',
  MISSING_CHAR: 'a character is missing here: a quote, a bracket, a colon or a space after it',
  UNEXPECTED_TOKEN: 'this does not belong here; text with special characters needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a block cannot begin here; text with a colon and a space in it needs quotes',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, followed by a colon',
  MULTIPLE_DOCS: 'only one document may be in the file',
  BAD_ALIAS: 'an alias (*name) for something that does not exist; text that begins with * needs quotes',
} as const satisfies Partial<Record<YAMLError['code'], string>>
