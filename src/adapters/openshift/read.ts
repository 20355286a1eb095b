import { z } from 'zod'
import type { ClusterKind, ClusterObject, ObjectRef } from '../../model/cluster-object.ts'
import type { ObjectQuery, Waiting } from '../../ports/cluster.ts'
import { ask, type Link } from './ask.ts'
import { decode, decodeObject } from './decode.ts'
import { type Failure, faultOf } from './failure.ts'
import { collectionPath, groupPath, objectPath, queryOf, questionOf, selectorsOf } from './paths.ts'

/** One object as the cluster sends it, or null when the cluster says that there is none of that name. */
export async function getRaw(link: Link, kind: ClusterKind, ref: ObjectRef, { signal }: Waiting): Promise<unknown> {
  const question = questionOf('get', kind, ref)
  const path = objectPath(kind, ref)
  const outcome = await ask(link, { method: 'GET', path, repeat: 'again', signal, ...question })
  if (outcome.kind === 'ok') return outcome.result
  if (saysAbsent(outcome, ref)) return null
  throw faultOf(outcome, { ...question, server: link.dialer.server })
}

/** Whether it is the object that is missing; a page without a Status means that the whole kind is. */
function saysAbsent(failure: Failure, ref: ObjectRef): boolean {
  return failure.kind === 'refused' && failure.status === 404 && failure.answer.name === ref.name
}

export async function get<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  ref: ObjectRef,
  options: Waiting,
): Promise<Decoded | null> {
  const body = await getRaw(link, kind, ref, options)
  return body === null ? null : decodeObject(kind, body, questionOf('get', kind, ref).doing)
}

const pageSchema = z.object({
  kind: z.string().regex(/List$/),
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().default('') }),
  // An empty list of some kinds is null.
  items: z
    .array(z.unknown())
    .nullable()
    .transform((items) => items ?? []),
})

export interface Page<Decoded> {
  readonly objects: readonly Decoded[]
  /** Of the cluster at the time of the whole list. */
  readonly version: string
  /** Null after the last page. */
  readonly next: string | null
}

/** One page, or null when the cluster has forgotten the list that `at` goes on with; then `restart` says where. */
export async function getPage<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  query: ObjectQuery & { readonly limit: number; readonly at: string | null },
  { signal }: Waiting,
): Promise<Page<Decoded> | { readonly restart: string | null }> {
  const question = questionOf('list', kind, query)
  const more = query.at === null ? {} : { continue: query.at }
  const parameters = queryOf({ ...selectorsOf(query), limit: query.limit, ...more })
  const path = `${collectionPath(kind, query.namespace)}${parameters}`
  const outcome = await ask(link, { method: 'GET', path, repeat: 'again', signal, ...question })
  if (outcome.kind === 'ok') {
    const { metadata, items } = decode(pageSchema, outcome.result, question.doing)
    return {
      objects: items.map((item) => decode(kind.schema, item, question.doing)),
      version: metadata.resourceVersion,
      next: metadata.continue === '' ? null : metadata.continue,
    }
  }
  if (outcome.kind === 'refused' && outcome.status === 410) return { restart: outcome.answer.continueAt }
  throw faultOf(outcome, { ...question, server: link.dialer.server })
}

const usualPageSize = 500
/** Without anything new in between. */
const mostRestarts = 5

export async function* list<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  query: ObjectQuery,
  options: Waiting & { readonly pageSize?: number },
): AsyncGenerator<readonly Decoded[]> {
  const seen = new Set<string>()
  const limit = options.pageSize ?? usualPageSize
  for (let at: string | null = null, restarts = 0; ; ) {
    const page: Page<Decoded> | { readonly restart: string | null } = await getPage(
      link,
      kind,
      { ...query, limit, at },
      options,
    )
    if ('restart' in page) {
      if (++restarts > mostRestarts) throw expiredFault(link, kind, query)
      at = page.restart
      continue
    }
    const fresh = page.objects.filter(({ metadata }) => !seen.has(metadata.uid))
    for (const { metadata } of fresh) seen.add(metadata.uid)
    if (fresh.length > 0) {
      restarts = 0
      yield fresh
    }
    if (page.next === null) return
    at = page.next
  }
}

export interface Snapshot<Decoded> {
  readonly objects: readonly Decoded[]
  readonly version: string
}

/** All objects of a query at one moment, to watch from. */
export async function snapshot<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  query: ObjectQuery,
  options: Waiting,
): Promise<Snapshot<Decoded>> {
  for (let tries = 0; tries <= mostRestarts; tries++) {
    const whole = await oneSnapshot(link, kind, query, options)
    if (whole !== null) return whole
  }
  throw expiredFault(link, kind, query)
}

async function oneSnapshot<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  query: ObjectQuery,
  options: Waiting,
): Promise<Snapshot<Decoded> | null> {
  const objects: Decoded[] = []
  for (let at: string | null = null; ; ) {
    const page: Page<Decoded> | { readonly restart: string | null } = await getPage(
      link,
      kind,
      { ...query, limit: usualPageSize, at },
      options,
    )
    // What it goes on with would be of another moment.
    if ('restart' in page) return null
    objects.push(...page.objects)
    if (page.next === null) return { objects, version: page.version }
    at = page.next
  }
}

function expiredFault(link: Link, kind: ClusterKind, query: ObjectQuery) {
  const question = questionOf('list', kind, query)
  return faultOf({ kind: 'cut', reason: 'its lists expire at once' }, { ...question, server: link.dialer.server })
}

const resourcesSchema = z.object({
  kind: z.literal('APIResourceList'),
  resources: z.array(z.object({ name: z.string() })),
})

export async function serves(link: Link, kind: ClusterKind, { signal }: Waiting): Promise<boolean> {
  const doing = `find ${kind.plural} ${kind.apiVersion}`
  const question = { doing, right: 'get on the discovery of the API', changes: false }
  const outcome = await ask(link, { method: 'GET', path: groupPath(kind), repeat: 'again', signal, ...question })
  if (outcome.kind === 'ok') {
    const { resources } = decode(resourcesSchema, outcome.result, question.doing)
    return resources.some(({ name }) => name === kind.plural)
  }
  if (outcome.kind === 'refused' && outcome.status === 404) return false
  throw faultOf(outcome, { ...question, server: link.dialer.server })
}
