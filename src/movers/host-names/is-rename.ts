import type { DeclaredChange } from '../../model/declaration.ts'

/** One declared change of domain. */
export type DomainChange = Pick<DeclaredChange & { kind: 'renamed' }, 'from' | 'to' | 'also'>

/**
 * Whether one text is another with nothing changed but host names that a change of domain changes. Written without the
 * rename's own code: it may not repeat its mistakes.
 */
export function isRename(before: string, after: string, change: DomainChange): boolean {
  const [old, next] = [words(before), words(after)]
  return (
    old.length === next.length && old.every((word, i) => word === next[i] || isRenamedHost(word, next[i] ?? '', change))
  )
}

function isRenamedHost(before: string, after: string, { from, to, also }: DomainChange): boolean {
  if (Object.hasOwn(also, before)) return also[before] === after
  const host = before.toLowerCase()
  if (host === from) return after === to
  return host.endsWith(`.${from}`) && after === `${host.slice(0, -from.length)}${to}`
}

/** Possible host names and what is between them, in turn; a backslash takes the next character along, as in JSON. */
function words(text: string): readonly string[] {
  return text.match(/(?:\\.|[^A-Za-z0-9.-])+|[A-Za-z0-9.-]+/gs) ?? []
}
