import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { sleep } from '../../base/abort.ts'
import { type ClusterKind, type ClusterObject, describeObjectRef, type ObjectRef } from '../../model/cluster-object.ts'
import type { Manifest, Waiting } from '../../ports/cluster.ts'
import { afterLoss } from './after-loss.ts'
import { ask, type Link } from './ask.ts'
import { decode, decodeObject } from './decode.ts'
import { faultOf, mayHaveHappened } from './failure.ts'
import { fault } from './faults.ts'
import { collectionPath, objectPath, queryOf, questionOf } from './paths.ts'
import { getRaw } from './read.ts'
import { dryRun, fieldManager, manifestBody, writeBody } from './write-body.ts'

const requestAnnotation = 'threeshift/request'

export async function apply<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  manifest: Manifest,
  options: Waiting & { readonly force?: boolean; readonly dryRun?: boolean },
): Promise<Decoded> {
  const { force = false, signal } = options
  const ref = refOf(manifest)
  const question = questionOf('patch', kind, ref)
  const parameters = queryOf({ fieldManager, force, fieldValidation: 'Strict', ...dryRun(options) })
  const outcome = await ask(link, {
    method: 'PATCH',
    path: `${objectPath(kind, ref)}${parameters}`,
    contentType: 'application/apply-patch+yaml',
    body: writeBody(manifestBody(kind, manifest)),
    // The same fields applied again are the same fields.
    repeat: 'again',
    conflictPasses: true,
    signal,
    ...question,
  })
  if (outcome.kind === 'ok') return decodeObject(kind, outcome.result, question.doing)
  if (outcome.kind === 'refused' && outcome.answer.managers.length > 0) {
    const { managers, fields } = outcome.answer
    const paths = fields.map((field) => field.split(' ')[0])
    const what = describeObjectRef(kind, ref)
    throw fault('OPENSHIFT_FIELD_OWNED', { what, managers: managers.join(', '), fields: paths.join(', ') })
  }
  throw faultOf(outcome, { ...question, server: link.dialer.server })
}

/** The object carries an annotation with a number of this call: by it we know our own after a lost answer. */
export async function create<Decoded extends ClusterObject>(
  link: Link,
  kind: ClusterKind<Decoded>,
  manifest: Manifest,
  options: Waiting,
): Promise<Decoded> {
  const { signal } = options
  const { metadata } = manifest
  const ref = refOf(manifest)
  const number = randomUUID()
  const annotations = { ...metadata.annotations, [requestAnnotation]: number }
  const body = writeBody(manifestBody(kind, { ...manifest, metadata: { ...metadata, annotations } }))
  const path = `${collectionPath(kind, ref.namespace)}${queryOf({ fieldManager, fieldValidation: 'Strict' })}`
  const question = questionOf('create', kind, ref)
  for (let tries = 0, lost = false; ; tries++) {
    const outcome = await ask(link, { method: 'POST', path, body, repeat: 'once', signal, ...question })
    if (outcome.kind === 'ok') return decodeObject(kind, outcome.result, question.doing)
    const exists = outcome.kind === 'refused' && outcome.answer.reason === 'AlreadyExists'
    if (!exists && !mayHaveHappened(outcome)) throw faultOf(outcome, { ...question, server: link.dialer.server })
    lost ||= !exists
    const found = await afterLoss(lost, question.doing, signal, () => getRaw(link, kind, ref, options))
    if (found !== null) {
      const object = decodeObject(kind, found, question.doing)
      if (object.metadata.annotations[requestAnnotation] === number) return object
      throw fault('OPENSHIFT_EXISTS', { what: describeObjectRef(kind, ref) })
    }
    const waitMs = link.timing.waitsMs[tries]
    if (waitMs === undefined) throw faultOf(outcome, { ...question, server: link.dialer.server })
    await sleep(waitMs, signal)
  }
}

const scaleSchema = z.object({ kind: z.literal('Scale'), spec: z.object({ replicas: z.number().default(0) }) })

export async function scale(
  link: Link,
  kind: ClusterKind,
  ref: ObjectRef,
  replicas: number,
  { signal }: Waiting,
): Promise<void> {
  if (!Number.isInteger(replicas) || replicas < 0) throw new Error(`bug: ${replicas} replicas`)
  const question = questionOf('patch', kind, ref, 'scale')
  const outcome = await ask(link, {
    method: 'PATCH',
    path: `${objectPath(kind, ref, 'scale')}${queryOf({ fieldManager })}`,
    contentType: 'application/merge-patch+json',
    body: writeBody({ spec: { replicas } }),
    repeat: 'again',
    conflictPasses: true,
    signal,
    ...question,
  })
  if (outcome.kind !== 'ok') throw faultOf(outcome, { ...question, server: link.dialer.server })
  const { spec } = decode(scaleSchema, outcome.result, question.doing)
  if (spec.replicas === replicas) return
  throw fault('OPENSHIFT_BAD_ANSWER', {
    doing: question.doing,
    reason: `${spec.replicas} replicas and not ${replicas}`,
  })
}

function refOf({ metadata: { name, namespace } }: Manifest): ObjectRef {
  return namespace === undefined ? { name } : { name, namespace }
}
