import type { Fields } from '../read-path.ts'
import { badRequest, Refusal } from '../refusal.ts'

/**
 * Messages that stock clients send as protocol buffers whatever a server says: field number, name and type. `Name` is
 * another message of the book, `[]` after it a list, `map` one of texts, `bytesMap` one of bytes, `skip` what the server fills in
 * itself. A field that is not here and not empty makes the message refused: nothing is lost in silence.
 */
type Message = Readonly<Record<number, readonly [name: string, type: string]>>

const messages: Readonly<Record<string, Message>> = {
  ObjectMeta: {
    1: ['name', 'text'],
    2: ['generateName', 'text'],
    3: ['namespace', 'text'],
    5: ['uid', 'text'],
    6: ['resourceVersion', 'text'],
    7: ['generation', 'skip'],
    8: ['creationTimestamp', 'skip'],
    11: ['labels', 'map'],
    12: ['annotations', 'map'],
    13: ['ownerReferences', 'OwnerReference[]'],
    14: ['finalizers', 'text[]'],
    17: ['managedFields', 'skip'],
  },
  OwnerReference: {
    1: ['kind', 'text'],
    3: ['name', 'text'],
    4: ['uid', 'text'],
    5: ['apiVersion', 'text'],
    6: ['controller', 'flag'],
    7: ['blockOwnerDeletion', 'flag'],
  },
  Namespace: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'skip'], 3: ['status', 'skip'] },
  Deployment: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'DeploymentSpec'], 3: ['status', 'skip'] },
  DeploymentSpec: { 1: ['replicas', 'number'], 2: ['selector', 'LabelSelector'], 3: ['template', 'PodTemplate'] },
  LabelSelector: { 1: ['matchLabels', 'map'] },
  Job: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'JobSpec'], 3: ['status', 'skip'] },
  JobSpec: {
    1: ['parallelism', 'number'],
    2: ['completions', 'number'],
    6: ['template', 'PodTemplate'],
    7: ['backoffLimit', 'number'],
  },
  PodTemplate: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'PodSpec'] },
  PodSpec: { 2: ['containers', 'Container[]'], 3: ['restartPolicy', 'text'] },
  Container: {
    1: ['name', 'text'],
    2: ['image', 'text'],
    3: ['command', 'text[]'],
    4: ['args', 'text[]'],
    6: ['ports', 'ContainerPort[]'],
    14: ['imagePullPolicy', 'text'],
  },
  ContainerPort: { 1: ['name', 'text'], 3: ['containerPort', 'number'], 4: ['protocol', 'text'] },
  ServiceAccount: { 1: ['metadata', 'ObjectMeta'] },
  ConfigMap: {
    1: ['metadata', 'ObjectMeta'],
    2: ['data', 'map'],
    3: ['binaryData', 'bytesMap'],
    4: ['immutable', 'flag'],
  },
  Secret: {
    1: ['metadata', 'ObjectMeta'],
    2: ['data', 'bytesMap'],
    3: ['type', 'text'],
    4: ['stringData', 'map'],
    5: ['immutable', 'flag'],
  },
  Role: { 1: ['metadata', 'ObjectMeta'], 2: ['rules', 'PolicyRule[]'] },
  ClusterRole: { 1: ['metadata', 'ObjectMeta'], 2: ['rules', 'PolicyRule[]'] },
  PolicyRule: {
    1: ['verbs', 'text[]'],
    2: ['apiGroups', 'text[]'],
    3: ['resources', 'text[]'],
    4: ['resourceNames', 'text[]'],
    5: ['nonResourceURLs', 'text[]'],
  },
  RoleBinding: { 1: ['metadata', 'ObjectMeta'], 2: ['subjects', 'Subject[]'], 3: ['roleRef', 'RoleRef'] },
  ClusterRoleBinding: { 1: ['metadata', 'ObjectMeta'], 2: ['subjects', 'Subject[]'], 3: ['roleRef', 'RoleRef'] },
  Subject: { 1: ['kind', 'text'], 2: ['apiGroup', 'text'], 3: ['name', 'text'], 4: ['namespace', 'text'] },
  RoleRef: { 1: ['apiGroup', 'text'], 2: ['kind', 'text'], 3: ['name', 'text'] },
  SelfSubjectAccessReview: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'AccessReviewSpec'] },
  AccessReviewSpec: { 1: ['resourceAttributes', 'ResourceAttributes'], 2: ['nonResourceAttributes', 'PathAttributes'] },
  ResourceAttributes: {
    1: ['namespace', 'text'],
    2: ['verb', 'text'],
    3: ['group', 'text'],
    4: ['version', 'text'],
    5: ['resource', 'text'],
    6: ['subresource', 'text'],
    7: ['name', 'text'],
  },
  PathAttributes: { 1: ['path', 'text'], 2: ['verb', 'text'] },
  SelfSubjectRulesReview: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'RulesReviewSpec'] },
  RulesReviewSpec: { 1: ['namespace', 'text'] },
  SelfSubjectReview: { 1: ['metadata', 'ObjectMeta'] },
  TokenRequest: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'TokenRequestSpec'] },
  TokenRequestSpec: { 1: ['audiences', 'text[]'], 4: ['expirationSeconds', 'number'] },
  Eviction: { 1: ['metadata', 'ObjectMeta'], 2: ['deleteOptions', 'DeleteOptions'] },
  DeleteOptions: {
    1: ['gracePeriodSeconds', 'number'],
    2: ['preconditions', 'Preconditions'],
    3: ['orphanDependents', 'flag'],
    4: ['propagationPolicy', 'text'],
    5: ['dryRun', 'text[]'],
  },
  Preconditions: { 1: ['uid', 'text'], 2: ['resourceVersion', 'text'] },
}

const magic = Buffer.from('k8s\u0000')

/** What a body of type application/vnd.kubernetes.protobuf holds, as JSON has it. Refuses: BadRequest, UnsupportedMediaType. */
export function decodeProtobuf(body: Buffer): Fields {
  if (!body.subarray(0, 4).equals(magic))
    throw badRequest('the object provided is unrecognized: no protocol buffer of Kubernetes')
  let [apiVersion, kind] = ['', '']
  let raw: Buffer = Buffer.alloc(0)
  for (const [number, value] of fieldsOf(body.subarray(4))) {
    if (typeof value === 'number') continue
    if (number === 2) raw = value
    if (number !== 1) continue
    for (const [part, text] of fieldsOf(value)) {
      if (typeof text === 'number') continue
      if (part === 1) apiVersion = text.toString()
      else if (part === 2) kind = text.toString()
    }
  }
  const message = messages[kind]
  if (message === undefined) throw jsonOnly(`a ${kind}`)
  return { apiVersion, kind, ...decode(raw, message) }
}

function jsonOnly(what: string): Refusal {
  return new Refusal(415, 'UnsupportedMediaType', `${what} is taken as JSON only, not as a protocol buffer`)
}

/** Nothing, or a message in which there is nothing: Go writes out all parts that cannot be absent. */
function isBlank(value: number | Buffer): boolean {
  if (typeof value === 'number') return value === 0
  try {
    return [...fieldsOf(value)].every(([, inner]) => isBlank(inner))
  } catch {
    // It is a text, and no message.
    return false
  }
}

function decode(bytes: Buffer, message: Message): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [number, value] of fieldsOf(bytes)) {
    const [name, type] = message[number] ?? []
    const isEmpty = isBlank(value)
    if (type === 'skip' || (type === undefined && isEmpty)) continue
    if (name === undefined || type === undefined) throw jsonOnly(`field ${number} of a part of this object`)
    // Go writes texts out although they are empty.
    if (type === 'text' && isEmpty) continue
    const before = result[name]
    if (type.endsWith('[]')) result[name] = [...(Array.isArray(before) ? before : []), scalar(value, type.slice(0, -2))]
    else if (type === 'map' || type === 'bytesMap')
      result[name] = { ...(before as object | undefined), ...entry(value, type) }
    else result[name] = scalar(value, type)
  }
  return result
}

function scalar(value: number | Buffer, type: string): unknown {
  if (typeof value === 'number') return type === 'flag' ? value !== 0 : value
  const message = messages[type]
  return message === undefined ? value.toString('utf8') : decode(value, message)
}

/** An entry of a map is a message with a key and a value. Bytes are base64 in JSON. */
function entry(value: number | Buffer, type: 'map' | 'bytesMap'): Record<string, string> {
  const parts = typeof value === 'number' ? [] : [...fieldsOf(value)]
  const part = (wanted: number) => {
    const found = parts.find(([number]) => number === wanted)?.[1]
    return Buffer.isBuffer(found) ? found : Buffer.alloc(0)
  }
  return { [part(1).toString('utf8')]: part(2).toString(type === 'map' ? 'utf8' : 'base64') }
}

function cutOff(): Refusal {
  return badRequest('the object provided is unrecognized: a protocol buffer that was cut off')
}

/** Field numbers and values: a number for a varint, bytes for what has a length. No message of the book has other fields. */
function* fieldsOf(bytes: Buffer): Generator<readonly [number, number | Buffer]> {
  let at = 0
  const varint = (): number => {
    let [value, scale] = [0, 1]
    for (;;) {
      const byte = bytes[at++]
      if (byte === undefined)
        throw badRequest('the object provided is unrecognized: a protocol buffer that was cut off')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    switch (tag % 8) {
      case 0:
        yield [number, varint()]
        break
      case 2: {
        const length = varint()
        if (at + length > bytes.length) throw cutOff()
        yield [number, bytes.subarray(at, at + length)]
        at += length
        break
      }
      default:
        throw badRequest('the object provided is unrecognized: no protocol buffer')
    }
  }
}
