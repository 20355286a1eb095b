import { sleep } from '../../base/abort.ts'
import { Fault } from '../../base/fault.ts'
import type { ClusterKind, ClusterObject } from '../../model/cluster-object.ts'
import type { ObjectQuery, UntilOptions } from '../../ports/cluster.ts'
import { type Link } from './ask.ts'
import { decode } from './decode.ts'
import { type Failure, faultOf } from './failure.ts'
import { fault } from './faults.ts'
import { questionOf } from './paths.ts'
import { type Snapshot, snapshot } from './read.ts'
import { type WatchEnd, type WatchEvent, watchOnce } from './watch.ts'

/**
 * Waits for a condition: everything is listed, then watched from that version.
 *
 * A watch that ends, breaks or falls silent goes on after the last version that came; everything is listed again when
 * that version is forgotten (410), when the last list is `watchMs` old, and once more when the deadline has passed, so
 * that a cluster whose watches say nothing is found out. What fails for a while is waited for until the deadline.
 */
export async function until<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  query: ObjectQuery,
  holds: (objects: readonly Decoded[]) => boolean,
  options: UntilOptions<Decoded>,
): Promise<readonly Decoded[]> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), options.deadlineMs)
  const signal = AbortSignal.any([options.signal, deadline.signal])
  try {
    for (;;) {
      const state = await listInTime(link, kind, query, signal)
      const found = await follow(link, kind, query, state, holds, signal)
      if (found !== null) return found
      await sleep(link.timing.waitsMs[0] ?? 0, signal)
    }
  } catch (error) {
    options.signal.throwIfAborted()
    if (!deadline.signal.aborted) throw error
    const { objects } = await snapshot(link, kind, query, options)
    if (holds(objects)) return objects
    throw lateFault(objects, options)
  } finally {
    clearTimeout(timer)
  }
}

/** As `snapshot`, but what may be over at the next try is tried until the signal aborts. */
async function listInTime<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  query: ObjectQuery,
  signal: AbortSignal,
): Promise<Snapshot<Decoded>> {
  for (;;) {
    try {
      return await snapshot(link, kind, query, { signal })
    } catch (error) {
      if (!(error instanceof Fault) || error.retry !== 'same-input') throw error
      await sleep(link.timing.waitsMs[0] ?? 0, signal)
    }
  }
}

/** Watches from a list on. Out: the objects for which the condition holds, or null when all must be listed anew. */
async function follow<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  query: ObjectQuery,
  state: Snapshot<Decoded>,
  holds: (objects: readonly Decoded[]) => boolean,
  signal: AbortSignal,
): Promise<readonly Decoded[] | null> {
  const { dialer, timing } = link
  const seen = new Seen(state)
  if (holds(seen.all())) return seen.all()
  const listedAt = performance.now()
  for (let failures = 0; performance.now() - listedAt < timing.watchMs; ) {
    const { generation } = dialer
    const events = watchOnce(link, kind, { ...query, version: seen.version }, { signal })
    let next = await events.next()
    try {
      for (; next.done !== true; next = await events.next()) {
        failures = 0
        if (seen.take(next.value, kind) && holds(seen.all())) return seen.all()
      }
    } finally {
      await events.return(null)
    }
    const end = next.value
    if (isForgotten(end)) return null
    if (end?.kind === 'refused' && end.status === 401 && (await dialer.renew(generation))) continue
    if (end !== null && !passes(end)) {
      throw faultOf(end, { ...questionOf('watch', kind, query), server: dialer.server })
    }
    await sleep(timing.waitsMs[Math.min(failures++, timing.waitsMs.length - 1)] ?? 0, signal)
  }
  return null
}

/** The objects of a query as the list and the events after it tell. */
class Seen<Decoded extends ClusterObject> {
  readonly #objects: Map<string, Decoded>
  #version: string

  constructor({ objects, version }: Snapshot<Decoded>) {
    this.#objects = new Map(objects.map((object) => [keyOf(object), object]))
    this.#version = version
  }

  get version(): string {
    return this.#version
  }

  all(): readonly Decoded[] {
    return [...this.#objects.values()]
  }

  /** True: something may be otherwise now. */
  take(event: WatchEvent, kind: ClusterKind<Decoded>): boolean {
    if (event.kind === 'bookmark') {
      this.#version = event.version
      return false
    }
    const object = decode(kind.schema, event.object, `watch ${kind.plural}`)
    if (isOld(object.metadata.resourceVersion, this.#version)) return false
    this.#version = object.metadata.resourceVersion
    if (event.kind === 'put') this.#objects.set(keyOf(object), object)
    // One of the same name may have been made since.
    else if (this.#objects.get(keyOf(object))?.metadata.uid === object.metadata.uid) this.#objects.delete(keyOf(object))
    return true
  }
}

/** Of an event that comes twice or late. Versions of today's clusters are numbers; others are taken as they come. */
function isOld(version: string, newest: string): boolean {
  const numbers = /^\d{1,20}$/
  return numbers.test(version) && numbers.test(newest) && BigInt(version) <= BigInt(newest)
}

/** 410: the version is too old to go on from. 504: it is one that the cluster has not come to, after a restore. */
function isForgotten(end: WatchEnd): boolean {
  return end?.kind === 'refused' && (end.status === 410 || end.status === 504)
}

function passes(end: Failure): boolean {
  if (end.kind === 'refused') return end.status === 429 || end.status >= 500
  return end.kind !== 'unverified'
}

function keyOf({ metadata }: ClusterObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function lateFault<Decoded>(objects: readonly Decoded[], options: UntilOptions<Decoded>): Fault {
  const { what, deadlineMs, describe } = options
  const stands = describe === undefined ? '' : `: ${describe(objects)}`
  return fault('OPENSHIFT_NOT_IN_TIME', { what, seconds: Math.round(deadlineMs / 1000), stands })
}
