import { z } from 'zod'
import { sleep } from '../../base/abort.ts'
import { type ClusterKind, type ClusterObject, type ObjectRef, objectMetaSchema } from '../../model/cluster-object.ts'
import type { ClusterValue, Patch, Precondition, Waiting } from '../../ports/cluster.ts'
import { afterLoss } from './after-loss.ts'
import { ask, type Link } from './ask.ts'
import { decode, decodeObject } from './decode.ts'
import { faultOf, mayHaveHappened } from './failure.ts'
import { fault } from './faults.ts'
import { patchHolds } from './patch-holds.ts'
import { objectPath, queryOf, questionOf } from './paths.ts'
import { checkPrecondition } from './precondition.ts'
import { getRaw } from './read.ts'
import { dryRun, fieldManager, writeBody } from './write-body.ts'

/**
 * A merge patch without a precondition may be sent again as it is. Any other is tied to the version of the object that
 * was read right before it; when its answer is lost, the object is read again.
 */
export async function patch<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  ref: ObjectRef,
  change: Patch,
  options: Waiting & { readonly precondition?: Precondition; readonly dryRun?: boolean },
): Promise<Decoded> {
  const { precondition, signal } = options
  const question = questionOf('patch', kind, ref)
  const { doing } = question
  const path = `${objectPath(kind, ref)}${queryOf({ fieldManager, fieldValidation: 'Strict', ...dryRun(options) })}`
  const send = { method: 'PATCH', path, signal, ...question } as const
  if (change.kind === 'merge' && precondition === undefined) {
    const asMerge = { contentType: 'application/merge-patch+json', body: writeBody(change.body) }
    const outcome = await ask(link, { ...send, ...asMerge, repeat: 'again', conflictPasses: true })
    if (outcome.kind === 'ok') return decodeObject(kind, outcome.result, doing)
    throw faultOf(outcome, { ...question, server: link.dialer.server })
  }
  // The version at which an answer was lost: what was sent may still arrive, and changes the object then.
  let lostAt: string | null = null
  for (let tries = 0; ; tries++) {
    const version: string = await afterLoss(lostAt !== null, doing, signal, () =>
      readVersion(link, kind, ref, lostAt === null ? options : { signal }),
    )
    if (lostAt !== null && version !== lostAt) return await settle(link, kind, ref, change, options)
    const outcome = await ask(link, {
      ...send,
      ...tiedTo(version, change),
      repeat: options.dryRun === true ? 'again' : 'once',
    })
    if (outcome.kind === 'ok') return decodeObject(kind, outcome.result, doing)
    const raced = outcome.kind === 'refused' && outcome.status === 409
    const waitMs = link.timing.waitsMs[tries]
    if (mayHaveHappened(outcome) && options.dryRun !== true) {
      lostAt = version
      if (waitMs === undefined) throw fault('OPENSHIFT_OUTCOME_UNKNOWN', { doing, reason: 'its answers are lost' })
    } else if (!raced || waitMs === undefined) throw faultOf(outcome, { ...question, server: link.dialer.server })
    await sleep(waitMs, signal)
  }
}

/** The version that the change is tied to. Faults: OPENSHIFT_NOT_FOUND, OPENSHIFT_CONFLICT. */
async function readVersion(
  link: Link,
  kind: ClusterKind,
  ref: ObjectRef,
  options: Waiting & { readonly precondition?: Precondition },
): Promise<string> {
  const { doing } = questionOf('patch', kind, ref)
  const found = await getRaw(link, kind, ref, options)
  if (found === null) throw fault('OPENSHIFT_NOT_FOUND', { doing })
  const { metadata } = decode(rawObject, found, doing)
  checkPrecondition(metadata, options.precondition, doing)
  return metadata.resourceVersion
}

function tiedTo(version: string, change: Patch): { readonly contentType: string; readonly body: string } {
  if (change.kind === 'merge') {
    // What is patched into metadata is an object, or absent.
    const { metadata } = change.body
    const own = Object.entries(Object(metadata) as Readonly<Record<string, ClusterValue>>)
    const body = { ...change.body, metadata: { ...Object.fromEntries(own), resourceVersion: version } }
    return { contentType: 'application/merge-patch+json', body: writeBody(body) }
  }
  const tie = { op: 'replace', path: '/metadata/resourceVersion', value: version } as const
  return { contentType: 'application/json-patch+json', body: writeBody([tie, ...change.operations]) }
}

/** After an answer that was lost, of an object that has been changed since: by this change, or it is a fault. */
async function settle<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  ref: ObjectRef,
  change: Patch,
  options: Waiting,
): Promise<Decoded> {
  const { doing } = questionOf('patch', kind, ref)
  const found = await getRaw(link, kind, ref, options)
  if (found !== null && patchHolds(change, found) === true) return decodeObject(kind, found, doing)
  throw fault('OPENSHIFT_OUTCOME_UNKNOWN', { doing, reason: 'the answer was lost, and the object has changed since' })
}

/** Of what is changed, nothing but its name, number and version matters. */
const rawObject = z.object({ metadata: objectMetaSchema })
