import { isDeepStrictEqual } from 'node:util'
import { Refusal, badRequest } from '../refusal.ts'
import { type Fields, isFields } from '../read-path.ts'

/**
 * RFC 6902. Out: the patched copy; the target is not changed.
 *
 * Refuses: BadRequest for what is no patch, Invalid (422) for one that does not fit the target, as the API does.
 */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations) || !operations.every(isFields)) {
    throw badRequest('error decoding patch: a JSON patch is a list of operations')
  }
  let document = structuredClone(target)
  for (const operation of operations) document = applyOperation(document, operation)
  return document
}

function applyOperation(document: unknown, operation: Fields): unknown {
  const path = pointerOf(operation.path)
  switch (operation.op) {
    case 'add':
      return write(document, path, structuredClone(operation.value), 'add')
    case 'replace':
      read(document, path)
      return write(document, path, structuredClone(operation.value), 'replace')
    case 'remove':
      return remove(document, path)
    case 'test':
      if (!isDeepStrictEqual(read(document, path), operation.value)) {
        throw doesNotFit(`testing path /${path.join('/')} failed`)
      }
      return document
    case 'copy':
      return write(document, path, structuredClone(read(document, pointerOf(operation.from))), 'add')
    case 'move': {
      const from = pointerOf(operation.from)
      const value = read(document, from)
      return write(remove(document, from), path, value, 'add')
    }
    default:
      throw badRequest(`unexpected kind of operation: ${JSON.stringify(operation.op)}`)
  }
}

function pointerOf(pointer: unknown): readonly string[] {
  if (pointer === '') return []
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) throw badRequest('a JSON pointer starts with /')
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function doesNotFit(why: string): Refusal {
  return new Refusal(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`)
}

function missing(path: readonly string[]): Refusal {
  return doesNotFit(`doc is missing path: /${path.join('/')}: missing value`)
}

function read(document: unknown, path: readonly string[]): unknown {
  return path.reduce((at, token) => {
    if (Array.isArray(at) && indexIn(at, token, at.length - 1) !== undefined) return at[Number(token)] as unknown
    if (isFields(at) && Object.hasOwn(at, token)) return at[token]
    throw missing(path)
  }, document)
}

function indexIn(list: readonly unknown[], token: string, highest: number): number | undefined {
  if (token === '-') return highest === list.length ? list.length : undefined
  const index = /^(?:0|[1-9]\d*)$/.test(token) ? Number(token) : -1
  return index >= 0 && index <= highest ? index : undefined
}

/** The document is a copy of our own, so it is changed in place. */
function write(document: unknown, path: readonly string[], value: unknown, how: 'add' | 'replace'): unknown {
  const last = path.at(-1)
  if (last === undefined) return value
  const parent = read(document, path.slice(0, -1))
  if (Array.isArray(parent)) {
    const index = indexIn(parent, last, how === 'add' ? parent.length : parent.length - 1)
    if (index === undefined) throw missing(path)
    parent.splice(index, how === 'add' ? 0 : 1, value)
  } else if (isFields(parent)) {
    Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true })
  } else throw missing(path)
  return document
}

function remove(document: unknown, path: readonly string[]): unknown {
  const last = path.at(-1)
  if (last === undefined) return null
  read(document, path)
  const parent = read(document, path.slice(0, -1))
  if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else if (isFields(parent)) Reflect.deleteProperty(parent, last)
  return document
}
