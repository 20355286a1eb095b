import type { KubeObject } from './kube-object.ts'
import { badRequest } from './refusal.ts'
import type { ResourceKind } from './kind-table.ts'
import { readWord } from './read-path.ts'

export type Matcher = (object: KubeObject) => boolean

const everything: Matcher = () => true

/**
 * `app=web`, `tier!=db`, `app in (a,b)`, `app notin (a)`, `app`, `!app`, joined by commas. As in Kubernetes, `!=` and
 * `notin` also match objects without the label. Refuses: BadRequest.
 */
export function labelMatcher(selector: string | undefined): Matcher {
  if (selector === undefined || selector.trim() === '') return everything
  const requirements = splitOutsideBrackets(selector).map(parseRequirement)
  return (object) => requirements.every((matches) => matches(object.metadata.labels ?? {}))
}

function splitOutsideBrackets(selector: string): string[] {
  return selector.split(/,(?![^(]*\))/).map((part) => part.trim())
}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean

function parseRequirement(text: string): LabelTest {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text)
  if (set !== null) {
    const [, key = '', operator, list = ''] = set
    const values = new Set(list.split(',').map((value) => value.trim()))
    return operator === 'in'
      ? (labels) => Object.hasOwn(labels, key) && values.has(labels[key] ?? '')
      : (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] ?? '')
  }
  const equality = /^([^\s!=]+)\s*(==|=|!=)\s*([^\s=!()]*)$/.exec(text)
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value
  }
  const presence = /^(!?)\s*([^\s!=(),]+)$/.exec(text)
  if (presence === null) throw badRequest(`unable to parse requirement: ${text}`)
  const [, not, key = ''] = presence
  return (labels) => Object.hasOwn(labels, key) === (not === '')
}

/**
 * `metadata.name=a`, `status.phase!=Running`, joined by commas. A field that is absent counts as empty.
 * Refuses: BadRequest, for fields that the kind does not let select by, as the API does.
 */
export function fieldMatcher(selector: string | undefined, kind: ResourceKind): Matcher {
  if (selector === undefined || selector.trim() === '') return everything
  const tests = selector.split(',').map((text) => {
    const [, field = '', operator, value = ''] = /^\s*([^=!]+?)(==|=|!=)(.*?)\s*$/.exec(text) ?? []
    if (operator === undefined) throw badRequest(`invalid field selector: ${text}`)
    const known = field === 'metadata.name' || field === 'metadata.namespace' || kind.selectableFields.includes(field)
    if (!known) throw badRequest(`field label not supported: ${field}`)
    return (object: KubeObject) => (readWord(object, field) === value) === (operator !== '!=')
  })
  return (object) => tests.every((matches) => matches(object))
}
