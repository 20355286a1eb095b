/** Markup that is known to be safe: made by `html`, never from outside text. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

export type HtmlPart = Html | string | number | null | readonly HtmlPart[]

/**
 * A template for HTML: every inserted text is escaped, for content and for quoted attributes alike; `Html` goes in as
 * it is, lists part by part, null as nothing.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return new Html(strings.reduce((text, string, at) => text + markupOf(parts[at - 1] ?? null) + string))
}

/** Escapes text for content and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}

function markupOf(part: HtmlPart): string {
  if (part === null) return ''
  if (part instanceof Html) return part.toString()
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return part.map(markupOf).join('')
}
