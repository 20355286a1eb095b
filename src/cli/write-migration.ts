import { stringify } from 'yaml'
import { type MigrationInput, migrationJsonSchema } from '../model/migration.ts'
import { schemaName } from './write-schema.ts'

const width = 100

/**
 * The text of a `migration.yaml` with a comment above every field, taken from the descriptions in the schema. Fields
 * that may be absent and are, stand there as a comment with an example.
 */
export function writeMigration(migration: MigrationInput): string {
  return [
    `# yaml-language-server: $schema=./${schemaName}`,
    `# Editors complete and check this file by ${schemaName} beside it (VS Code: with the extension YAML).`,
    '#',
    '# Passwords and URLs never stand in this file, only where they are read from: env:NAME or file:PATH.',
    '# What comes next: threeshift plan',
    ...block(migrationJsonSchema(), migration, ''),
    '',
  ].join('\n')
}

interface SchemaNode {
  readonly description?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly examples?: readonly unknown[]
}
type Fields = Readonly<Record<string, unknown>>

function block(schema: SchemaNode, fields: Fields, indent: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const value = fields[key]
    const example = field.examples?.[0]
    if (value === undefined && example === undefined) return []
    const gap = indent === '' ? [''] : []
    const said = [field.description ?? '', field.enum ? `Allowed: ${field.enum.join(', ')}.` : '']
      .filter(Boolean)
      .join(' ')
    const comment = wrap(said, width - indent.length).map((line) => `${indent}# ${line}`)
    if (value === undefined) return [...gap, ...comment, ...lines({ [key]: example }, `${indent}# `)]
    if (field.properties && isFields(value)) {
      return [...gap, ...comment, `${indent}${key}:`, ...block(field, value, `${indent}  `)]
    }
    return [...gap, ...comment, ...lines({ [key]: value }, indent)]
  })
}

function lines(value: Fields, indent: string): string[] {
  return stringify(value, { lineWidth: 0, singleQuote: true })
    .trimEnd()
    .split('\n')
    .map((line) => indent + line)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrap(text: string, columns: number): string[] {
  const wrapped: string[] = []
  for (const word of text.split(' ').filter(Boolean)) {
    const last = wrapped.at(-1)
    if (last === undefined || last.length + word.length + 1 > columns) wrapped.push(word)
    else wrapped[wrapped.length - 1] = `${last} ${word}`
  }
  return wrapped
}
