import type { Fields } from '../read-path.ts'
import { badRequest, Refusal } from '../refusal.ts'

/**
 * Messages that stock clients send as protocol buffers whatever a server says: field number, name and type. `Name` is
 * another message of the book, `[]` after it a list, `map` one of texts, `bytesMap` one of bytes, `time` a timestamp.
 */
type Message = Readonly<Record<number, readonly [name: string, type: string]>>

const messages: Readonly<Record<string, Message>> = {
  ObjectMeta: {
    1: ['name', 'text'],
    2: ['generateName', 'text'],
    3: ['namespace', 'text'],
    5: ['uid', 'text'],
    6: ['resourceVersion', 'text'],
    11: ['labels', 'map'],
    12: ['annotations', 'map'],
    14: ['finalizers', 'text[]'],
  },
  Namespace: { 1: ['metadata', 'ObjectMeta'] },
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
  if (message === undefined) {
    throw new Refusal(415, 'UnsupportedMediaType', `a ${kind} is taken as JSON only, not as a protocol buffer`)
  }
  return { apiVersion, kind, ...decode(raw, message) }
}

function decode(bytes: Buffer, message: Message): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [number, value] of fieldsOf(bytes)) {
    const [name, type] = message[number] ?? []
    if (name === undefined || type === undefined) continue
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

/** Field numbers and values: a number for a varint, bytes for what has a length; others are skipped. */
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
      case 1:
        at += 8
        break
      case 2: {
        const length = varint()
        yield [number, bytes.subarray(at, at + length)]
        at += length
        break
      }
      case 5:
        at += 4
        break
      default:
        throw badRequest('the object provided is unrecognized: no protocol buffer')
    }
  }
}
