import type { z } from 'zod'
import { nearest } from '../base/nearest.ts'
import { migrationJsonSchema, referencePattern } from '../model/migration.ts'
import { leftOut, type Path, type ReadYaml } from './read-yaml.ts'

type Issue = z.core.$ZodIssue

/**
 * Makes one line of each mistake: `line:column field: what is there; what is allowed`, in the file's order.
 *
 * What is there is quoted only for fields that hold one plain word, and only when it does not look like a URL or a
 * secret: this is where a password in the wrong field would otherwise come out.
 */
export function describeIssues(issues: readonly Issue[], yaml: ReadYaml): readonly string[] {
  return issues
    .flatMap((issue) => mistakesOf(issue, yaml))
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map((mistake) => `${mistake.line}:${mistake.column} ${mistake.says}`)
}

interface Mistake {
  readonly line: number
  readonly column: number
  readonly says: string
}

function mistakesOf(issue: Issue, yaml: ReadYaml): readonly Mistake[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => at([...issue.path, key], yaml, unknownKey(issue.path, key)))
  }
  const schema = schemaAt(issue.path)
  const value = yaml.at(issue.path)
  const name = nameOf(issue.path)
  const allowed = allowedBy(issue, schema)
  if (value === undefined) return [at(issue.path, yaml, `${name} is missing; ${allowed}`)]
  if (value === leftOut) return [at(issue.path, yaml, `${name} is empty; ${allowed}`)]
  const shown = quote(value, schema)
  const meant = typeof value === 'string' && schema?.enum ? nearest(value, schema.enum) : undefined
  return [
    at(
      issue.path,
      yaml,
      `${name}: ${shown ?? 'what stands there'} is not allowed; ${allowed}${meant && meant !== value ? ` (did you mean ${meant}?)` : ''}`,
    ),
  ]
}

function at(path: Path, yaml: ReadYaml, says: string): Mistake {
  const [line = 1, column = 1] = yaml.place(path).split(':').map(Number)
  return { line, column, says }
}

function unknownKey(path: Path, key: string): string {
  const known = Object.keys(schemaAt(path)?.properties ?? {})
  const meant = nearest(key, known)
  const name = looksHarmless(key) ? nameOf([...path, key]) : `a key in ${nameOf(path)}`
  return `${name} is not known; ${meant ? `did you mean ${meant}?` : `known here: ${known.join(', ')}`}`
}

function allowedBy(issue: Issue, schema: SchemaNode | undefined): string {
  if (issue.code === 'invalid_value') return `allowed: ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_type' || issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    if (schema?.enum) return `allowed: ${schema.enum.join(', ')}`
    if (schema?.pattern === referencePattern.source) return 'allowed: env:NAME or file:PATH'
    if (schema?.properties) return `expected: a block with ${Object.keys(schema.properties).join(', ')}`
    return schema?.description ? `expected: ${schema.description.replace(/\.$/, '')}` : 'expected: text'
  }
  if (issue.code === 'custom' || issue.code === 'invalid_format') return `allowed: ${issue.message}`
  return 'expected: a short text'
}

function nameOf(path: Path): string {
  return path.length === 0 ? 'the file' : path.map((key) => (looksHarmless(String(key)) ? String(key) : '…')).join('.')
}

function quote(value: unknown, schema: SchemaNode | undefined): string | null {
  if (value === null) return 'null'
  const isBlock = schema === undefined || schema.properties !== undefined
  if (typeof value !== 'string' || isBlock || schema.pattern === referencePattern.source) return null
  return looksHarmless(value) ? JSON.stringify(value) : null
}

/** False for anything that could be a URL, a token or a password: better one value too few in a message. */
function looksHarmless(text: string): boolean {
  const isShortAndPlain = /^[\w.: +@-]{1,48}$/.test(text) && !/:\S*@/.test(text)
  const saysSecret = /pass|secret|token|credential|api.?key/i.test(text)
  const longRun = (text.match(/[A-Za-z0-9_-]{12,}/g) ?? []).some((run) => /\d/.test(run) && /[A-Za-z]/.test(run))
  const isDate = /^\d{4}-\d{2}-\d{2}[T ][\d:.]*(?:Z|[+-][\d:]+)?$/.test(text)
  return isShortAndPlain && !saysSecret && (!longRun || isDate)
}

interface SchemaNode {
  readonly description?: string
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: SchemaNode | boolean
}

/** The part of the JSON Schema that describes `path`; undefined for a path that the schema does not have. */
function schemaAt(path: Path): SchemaNode | undefined {
  // The schema is our own, made from the decoder: its shape is known.
  let node = migrationJsonSchema() as SchemaNode | undefined
  for (const key of path) {
    const rest = node?.additionalProperties
    node = node?.properties?.[String(key)] ?? (typeof rest === 'object' ? rest : undefined)
  }
  return node
}
