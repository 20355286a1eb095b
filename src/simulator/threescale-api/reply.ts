import { never } from '../../base/never.ts'

/** A value of an answer. `Digits` and `Json` are text that stands in JSON as it is. */
export type Value = string | number | boolean | bigint | null | Digits | Json | readonly Value[] | Fields
export interface Fields {
  readonly [name: string]: Value
}

/** An id of 64 bits: a number in JSON, whatever its size. */
export class Digits {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** A document that is JSON already. */
export class Json {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export interface Page {
  readonly perPage: number
  readonly current: number
  readonly entries: number
}

/** What 3scale has to say, before the format that it is asked for. */
export type Reply =
  | {
      readonly kind: 'item'
      readonly root: string
      readonly fields: Fields
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
    }
  | {
      readonly kind: 'list'
      readonly root: string
      readonly item: string
      readonly rows: readonly Fields[]
      readonly page?: Page
    }
  /** Of one value, not wrapped, such as a statistic. */
  | { readonly kind: 'bare'; readonly fields: Fields }
  | { readonly kind: 'empty'; readonly status: number }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'error'; readonly status: number; readonly message: string }
  /** What is wrong with each attribute: 422. */
  | { readonly kind: 'invalid'; readonly errors: Readonly<Record<string, readonly string[]>> }
  | {
      readonly kind: 'text'
      readonly status: number
      readonly type: string
      readonly text: string
      readonly headers?: Readonly<Record<string, string>>
    }

/** What goes over the wire. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Format = 'json' | 'xml'

/** Puts a reply into the format that was asked for. */
export function render(reply: Reply, format: Format): Answer {
  switch (reply.kind) {
    case 'item':
      return answerOf(
        reply.status ?? 200,
        format,
        format === 'json' ? json({ [reply.root]: reply.fields }) : xml(reply.root, reply.fields),
        reply.headers,
      )
    case 'list':
      return answerOf(
        200,
        format,
        format === 'json'
          ? json({ [reply.root]: reply.rows.map((row) => ({ [reply.item]: row })) })
          : `<${reply.root}${pageAttributes(reply.page)}>${reply.rows.map((row) => xml(reply.item, row)).join('')}</${reply.root}>`,
      )
    case 'bare':
      return answerOf(200, format, format === 'json' ? json(reply.fields) : xml('usage', reply.fields))
    case 'empty':
      return { status: reply.status, headers: {}, body: '' }
    case 'not-found':
      return answerOf(404, format, format === 'json' ? json({ status: 'Not found' }) : xml('error', 'Not found'))
    case 'error':
      return answerOf(
        reply.status,
        format,
        format === 'json' ? json({ error: reply.message }) : xml('error', reply.message),
      )
    case 'invalid':
      return answerOf(
        422,
        format,
        format === 'json' ? json({ errors: reply.errors }) : xml('errors', errorTexts(reply.errors)),
      )
    case 'text':
      return { status: reply.status, headers: { 'content-type': reply.type, ...reply.headers }, body: reply.text }
    default:
      return never(reply)
  }
}

function answerOf(
  status: number,
  format: Format,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const type = format === 'json' ? 'application/json; charset=utf-8' : 'application/xml; charset=utf-8'
  const body = format === 'json' ? text : `<?xml version="1.0" encoding="UTF-8"?>${text}`
  return { status, headers: { 'content-type': type, ...headers }, body }
}

/** As JSON.stringify, for values that it has no numbers for. */
export function json(value: Value): string {
  if (value instanceof Digits || value instanceof Json) return value.text
  if (typeof value === 'bigint') return String(value)
  if (isList(value)) return `[${value.map(json).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([name, inner]) => `${JSON.stringify(name)}:${json(inner)}`)
      .join(',')}}`
  }
  return JSON.stringify(value)
}

function xml(name: string, value: Value): string {
  return `<${name}>${xmlContent(name, value)}</${name}>`
}

function xmlContent(name: string, value: Value): string {
  if (value === null) return ''
  if (value instanceof Digits || value instanceof Json) return escapeXml(value.text)
  if (isList(value)) return value.map((inner) => xml(singular(name), inner)).join('')
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, inner]) => xml(name, inner))
      .join('')
  }
  return escapeXml(String(value))
}

// Array.isArray does not narrow a readonly array.
function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function singular(name: string): string {
  return name.replace(/s$/, '')
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
}

function pageAttributes(page: Page | undefined): string {
  if (page === undefined) return ''
  const pages = Math.ceil(page.entries / page.perPage)
  return ` per_page="${page.perPage}" total_entries="${page.entries}" total_pages="${pages}" current_page="${page.current}"`
}

function errorTexts(errors: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.entries(errors).flatMap(([name, texts]) =>
    texts.map((text) => `${(name[0] ?? '').toUpperCase()}${name.slice(1).replaceAll('_', ' ')} ${text}`),
  )
}
