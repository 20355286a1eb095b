import type { PrinterColumn, ResourceKind } from './kind-table.ts'
import type { KubeObject } from './kube-object.ts'
import { isFields, readList, readPath, readText } from './read-path.ts'

/** The kind that a CustomResourceDefinition defines, in its storage version; undefined when it names none. */
export function kindOfDefinition(definition: KubeObject): ResourceKind | undefined {
  const versions = readList(definition, 'spec.versions').filter(isFields)
  const version = versions.find(({ storage }) => storage === true) ?? versions[0]
  const kind = readText(definition, 'spec.names.kind')
  const plural = readText(definition, 'spec.names.plural')
  if (version === undefined || kind === '' || plural === '') return undefined
  return {
    group: readText(definition, 'spec.group'),
    version: readText(version, 'name'),
    kind,
    plural,
    namespaced: readText(definition, 'spec.scope') !== 'Cluster',
    shortNames: readList(definition, 'spec.names.shortNames').map(String),
    categories: readList(definition, 'spec.names.categories').map(String),
    subresources: readPath(version, 'subresources.status') === undefined ? [] : ['status'],
    columns: readList(version, 'additionalPrinterColumns').flatMap(columnOf),
    selectableFields: [],
    behaviour: 'stored',
    custom: true,
  }
}

function columnOf(column: unknown): PrinterColumn[] {
  const name = readText(column, 'name')
  const value = readText(column, 'jsonPath')
  // Age is there without being asked for.
  return name === 'Age' || name === '' ? [] : [{ name, type: 'string', value }]
}
