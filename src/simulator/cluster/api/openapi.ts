import { apiVersionOf, type KindTable, type ResourceKind } from '../kind-table.ts'
import { schemaBook, typesOfKind } from '../schema-book.ts'

/** In which document, and so where its schemas are. */
type Dialect = { readonly refs: '#/definitions/' | '#/components/schemas/' }

const v2: Dialect = { refs: '#/definitions/' }
const v3: Dialect = { refs: '#/components/schemas/' }
const open = { 'x-kubernetes-preserve-unknown-fields': true }

/** Which documents there are, one per group and version. */
export function openApiV3Index(kinds: KindTable): object {
  const paths = new Set(kinds.all().map(documentOf))
  const entries = [...paths].map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }])
  return { paths: Object.fromEntries(entries) }
}

/** The document of one group and version, such as `apis/apps/v1`; undefined when it is not served. */
export function openApiV3(kinds: KindTable, path: string): object | undefined {
  const found = kinds.all().filter((kind) => documentOf(kind) === path)
  if (found.length === 0) return undefined
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.30.7' },
    paths: pathsOf(found, v3),
    components: { schemas: schemasOf(found, v3) },
  }
}

/** Everything in one document. */
export function openApiV2(kinds: KindTable): object {
  const found = kinds.all()
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'v1.30.7' },
    paths: pathsOf(found, v2),
    definitions: schemasOf(found, v2),
  }
}

function documentOf({ group, version }: Pick<ResourceKind, 'group' | 'version'>): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`
}

function pathsOf(kinds: readonly ResourceKind[], dialect: Dialect): object {
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const base = `/${documentOf(kind)}/${kind.namespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}`
      return [
        [base, { get: operation(kind, dialect, 'list'), post: operation(kind, dialect, 'post') }],
        [
          `${base}/{name}`,
          Object.fromEntries(['get', 'put', 'patch', 'delete'].map((verb) => [verb, operation(kind, dialect, verb)])),
        ],
      ]
    }),
  )
}

/** Clients read of it that dry runs and checks of fields are up to the server. */
function operation(kind: ResourceKind, dialect: Dialect, action: string): object {
  const schema = { $ref: dialect.refs + schemaName(kind) }
  const isWrite = ['post', 'put', 'patch', 'delete'].includes(action)
  const text = (name: string) =>
    dialect === v2 ? { name, in: 'query', type: 'string' } : { name, in: 'query', schema: { type: 'string' } }
  return {
    operationId: `${action}-${schemaName(kind)}`,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(kind),
    parameters: isWrite ? ['dryRun', 'fieldManager', 'fieldValidation'].map(text) : [],
    responses: {
      '200': { description: 'OK', ...(dialect === v2 ? { schema } : { content: { 'application/json': { schema } } }) },
    },
  }
}

function gvk({ group, version, kind }: ResourceKind): object {
  return { group, version, kind }
}

function schemaName(kind: ResourceKind): string {
  return `${kind.group === '' ? 'core' : kind.group}.${kind.version}.${kind.kind}`
}

function schemasOf(kinds: readonly ResourceKind[], dialect: Dialect): object {
  const types = Object.entries(schemaBook).map(([name, { says, fields }]) => [
    name,
    { type: 'object', description: says, properties: propertiesOf(fields, dialect), ...open },
  ])
  return Object.fromEntries([...types, ...kinds.map((kind) => [schemaName(kind), schemaOf(kind, dialect)])])
}

function schemaOf(kind: ResourceKind, dialect: Dialect): object {
  const { spec, status } = typesOfKind[kind.kind] ?? {}
  const part = (type: string | undefined, description: string) =>
    type === undefined ? { type: 'object', description, ...open } : described(type, description, dialect)
  const data = ['Secret', 'ConfigMap'].includes(kind.kind)
  return {
    type: 'object',
    description: `${kind.kind} of ${apiVersionOf(kind)}.`,
    'x-kubernetes-group-version-kind': [gvk(kind)],
    ...open,
    properties: {
      apiVersion: { type: 'string', description: 'The version of this representation.' },
      kind: { type: 'string', description: 'What this object is.' },
      metadata: described('ObjectMeta', 'What the object is found and kept by.', dialect),
      ...(data
        ? { data: described('map', 'What it holds, by key; base64 in a secret.', dialect) }
        : { spec: part(spec, 'What is wanted.'), status: part(status, 'What is.') }),
    },
  }
}

/** `name type words` a line. */
function propertiesOf(fields: string, dialect: Dialect): object {
  const lines = fields
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' '))
  return Object.fromEntries(
    lines.map(([name = '', type = 'object', ...words]) => [name, described(type, words.join(' '), dialect)]),
  )
}

function described(type: string, description: string, dialect: Dialect): object {
  if (type.endsWith('[]')) return { type: 'array', description, items: described(type.slice(0, -2), '', dialect) }
  if (type === 'map') return { type: 'object', description, additionalProperties: { type: 'string' } }
  if (Object.hasOwn(schemaBook, type)) return { description, allOf: [{ $ref: dialect.refs + type }] }
  return { type, description, ...(type === 'object' ? open : {}) }
}
