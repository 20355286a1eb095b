import type { IncomingMessage } from 'node:http'
import { parse as parseYaml } from 'yaml'
import type { NewObject } from '../kube-object.ts'
import { type Fields, isFields } from '../read-path.ts'
import { badRequest, Refusal } from '../refusal.ts'
import type { DeleteOptions, Patch } from '../store.ts'
import { type ApiRequest, isTrue } from './api-request.ts'
import { decodeProtobuf } from './protobuf.ts'

const maxBytes = 3 * 1024 * 1024

/** The whole body. Refuses: RequestEntityTooLarge. */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message) {
    // A request without an encoding set gives buffers.
    const buffer = chunk as Buffer
    bytes += buffer.length
    if (bytes > maxBytes) throw new Refusal(413, 'RequestEntityTooLarge', `limit is ${maxBytes} bytes`)
    chunks.push(buffer)
  }
  return Buffer.concat(chunks)
}

/** JSON, or YAML or a protocol buffer where the type says so. Refuses: BadRequest, UnsupportedMediaType. */
export function parseBody(body: Buffer, type: string): unknown {
  if (type.includes('protobuf')) return decodeProtobuf(body)
  if (type.includes('cbor')) {
    throw new Refusal(415, 'UnsupportedMediaType', `the body of the request was in an unknown format: ${type}`)
  }
  const text = body.toString('utf8')
  try {
    return type.includes('yaml') ? (parseYaml(text) as unknown) : (JSON.parse(text) as unknown)
  } catch (error) {
    // A parser's message may quote the body.
    throw badRequest(`the object provided is unrecognized: ${error instanceof Error ? error.name : 'Error'}`)
  }
}

/** A body that is an object; what it lacks of apiVersion and kind is up to who reads it. */
export async function readObject(request: ApiRequest): Promise<Fields> {
  const type = request.message.headers['content-type'] ?? 'application/json'
  const body = parseBody(await readBody(request.message), type)
  if (!isFields(body)) throw badRequest('the object provided is unrecognized: it is no object')
  return body
}

function agree(field: string, given: unknown, wanted: string | undefined): void {
  if (given === undefined || given === null || given === '' || wanted === undefined || given === wanted) return
  throw badRequest(`the ${field} of the provided object does not match the ${field} sent on the request`)
}

/** As the kind wants it, with apiVersion, kind, name and namespace of the URL. Refuses: BadRequest when they differ. */
export function addressed(
  body: Fields,
  kind: { readonly apiVersion: string; readonly kind: string; readonly namespaced: boolean },
  at: { readonly namespace: string | undefined; readonly name: string | undefined },
): NewObject {
  const metadata = isFields(body.metadata) ? body.metadata : {}
  agree('apiVersion', body.apiVersion, kind.apiVersion)
  agree('kind', body.kind, kind.kind)
  agree('name', metadata.name, at.name)
  if (kind.namespaced) agree('namespace', metadata.namespace, at.namespace)
  return {
    ...body,
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: {
      ...metadata,
      ...(at.name === undefined ? {} : { name: at.name }),
      ...(kind.namespaced && at.namespace !== undefined ? { namespace: at.namespace } : {}),
    },
  }
}

/** The patch in a body, by its content type. Refuses: BadRequest, UnsupportedMediaType. */
export async function readPatch(request: ApiRequest): Promise<Patch> {
  const type = (request.message.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
  const body = parseBody(await readBody(request.message), type)
  switch (type) {
    case 'application/json-patch+json':
      return { kind: 'json', operations: body }
    case 'application/merge-patch+json':
      return { kind: 'merge', patch: body }
    case 'application/strategic-merge-patch+json':
      return { kind: 'strategic', patch: body }
    case 'application/apply-patch+yaml':
      if (request.query.get('fieldManager') === null) throw badRequest('fieldManager is required for apply patch')
      return { kind: 'apply', object: body, force: isTrue(request.query, 'force') }
    default:
      throw new Refusal(415, 'UnsupportedMediaType', `the body of the request was in an unknown format: ${type}`)
  }
}

/** What a DELETE asks for, in its body or, for old clients, its query. */
export async function readDeleteOptions(request: ApiRequest): Promise<DeleteOptions> {
  const given = await readBody(request.message)
  const body = given.length === 0 ? {} : parseBody(given, request.message.headers['content-type'] ?? 'application/json')
  const options: Fields = isFields(body) ? body : {}
  const propagation = options.propagationPolicy ?? request.query.get('propagationPolicy')
  const grace = options.gracePeriodSeconds ?? request.query.get('gracePeriodSeconds')
  const isDryRun = Array.isArray(options.dryRun) || request.query.get('dryRun') === 'All'
  const conditions = isFields(options.preconditions) ? options.preconditions : {}
  return {
    ...(propagation === 'Orphan' || propagation === 'Foreground' || options.orphanDependents === true
      ? { propagation: propagation === 'Foreground' ? 'Foreground' : 'Orphan' }
      : {}),
    ...(grace === undefined || grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(isDryRun ? { dryRun: true } : {}),
    preconditions: {
      ...(typeof conditions.uid === 'string' ? { uid: conditions.uid } : {}),
      ...(typeof conditions.resourceVersion === 'string' ? { resourceVersion: conditions.resourceVersion } : {}),
    },
  }
}
