import { z } from 'zod'
import { sleep } from '../../base/abort.ts'
import { type ClusterKind, describeObjectRef, type ObjectRef, objectMetaSchema } from '../../model/cluster-object.ts'
import type { Precondition, Waiting } from '../../ports/cluster.ts'
import { ask, type Link } from './ask.ts'
import { decode } from './decode.ts'
import { faultOf } from './failure.ts'
import { objectPath, questionOf } from './paths.ts'
import { checkPrecondition } from './precondition.ts'
import { getRaw } from './read.ts'
import { until } from './until.ts'

/** Of what is deleted, nothing but its name matters. */
const rawObject = z.object({ metadata: objectMetaSchema })

/**
 * Deletes what is there, by its uid: a second try finds it gone, or another in its place, and leaves that alone.
 * The object stays until what it owns is gone (foreground), so waiting for it is waiting for all.
 */
export async function remove(
  link: Link,
  kind: ClusterKind,
  ref: ObjectRef,
  options: Waiting & { readonly deadlineMs: number; readonly precondition?: Precondition },
): Promise<boolean> {
  const { precondition, signal, deadlineMs } = options
  const question = questionOf('delete', kind, ref)
  const found = await getRaw(link, kind, ref, options)
  if (found === null) return false
  const { metadata } = decode(rawObject, found, question.doing)
  checkPrecondition(metadata, precondition, question.doing)
  const { uid } = metadata
  await sendDelete(link, kind, ref, { ...precondition, uid }, signal)
  const what = describeObjectRef(kind, ref)
  await until(
    link,
    { ...kind, schema: rawObject },
    ref,
    (objects) => objects.every((object) => object.metadata.uid !== uid),
    {
      signal,
      deadlineMs,
      what: `${what} to be gone`,
      describe: ([object]) => {
        const holders = object?.metadata.finalizers ?? []
        return holders.length === 0 ? 'it is being deleted' : `its finalizers are ${holders.join(', ')}`
      },
    },
  )
  return true
}

async function sendDelete(
  link: Link,
  kind: ClusterKind,
  ref: ObjectRef,
  preconditions: Precondition & { readonly uid: string },
  signal: AbortSignal,
): Promise<void> {
  const question = questionOf('delete', kind, ref)
  const body = JSON.stringify({
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    propagationPolicy: 'Foreground',
    preconditions,
  })
  for (let tries = 0; ; tries++) {
    const path = objectPath(kind, ref)
    const outcome = await ask(link, { method: 'DELETE', path, body, repeat: 'again', signal, ...question })
    if (outcome.kind === 'ok') return
    if (outcome.kind === 'refused' && outcome.status === 404 && outcome.answer.name === ref.name) return
    const waitMs = link.timing.waitsMs[tries]
    if (outcome.kind !== 'refused' || outcome.status !== 409 || waitMs === undefined) {
      throw faultOf(outcome, { ...question, server: link.dialer.server })
    }
    // Another one has taken its place, it was changed, or two deletions met.
    const found = await getRaw(link, kind, ref, { signal })
    if (found === null) return
    const { metadata } = decode(rawObject, found, question.doing)
    if (metadata.uid !== preconditions.uid) return
    checkPrecondition(metadata, preconditions, question.doing)
    await sleep(waitMs, signal)
  }
}
