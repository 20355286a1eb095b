import type { KindTable, ResourceKind } from '../kind-table.ts'

/** How the answer is called. Clients ask for it with an @ in place of the second dot, which is none in a media type. */
export const openApiProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/**
 * As much of the OpenAPI v2 document as stock clients read of it: that every kind may be patched, and that the server
 * checks fields and dry runs itself. Field numbers are those of gnostic's OpenAPIv2.proto.
 */
export function openApiProtobuf(kinds: KindTable): Buffer {
  const info = message(text(1, 'Kubernetes'), text(2, 'v1.30.7'))
  const paths = kinds
    .all()
    .filter(({ behaviour }) => behaviour !== 'review')
    .map((kind) => field(2, message(text(1, pathOf(kind)), field(2, field(8, patchOf(kind))))))
  return message(text(1, '2.0'), field(2, info), field(8, message(...paths)))
}

function pathOf({ group, version, plural, namespaced }: ResourceKind): string {
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return `${base}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`
}

/** An Operation: its query parameters, and in an extension, as YAML, the kind that it is for. */
function patchOf({ group, version, kind }: ResourceKind): Buffer {
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => {
    const query = message(text(2, 'query'), text(4, name))
    return field(8, field(1, field(2, field(3, query))))
  })
  const yaml = text(2, `group: "${group}"\nversion: ${version}\nkind: ${kind}\n`)
  const extension = message(text(1, 'x-kubernetes-group-version-kind'), field(2, yaml))
  return message(...parameters, field(13, extension))
}

function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields)
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value))
}

/** A field that has a length. */
function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let left = value
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128)
  return Buffer.from([...bytes, left])
}
