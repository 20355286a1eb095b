import type { EpochMs } from '../../../base/clock.ts'
import type { PrinterColumn, ResourceKind } from '../kind-table.ts'
import type { KubeObject } from '../kube-object.ts'
import { readPath } from '../read-path.ts'

/** What a client asked to have objects as: themselves, their metadata, or rows of a table. */
export type Shape =
  | { readonly kind: 'object' }
  | { readonly kind: 'metadata' }
  | { readonly kind: 'table'; readonly include: string }

/** The first of the accepted types that is served. */
export function shapeOf(accept: string | undefined, query: URLSearchParams): Shape {
  const first = (accept ?? '')
    .split(',')
    .find((type) => /as=Table|as=PartialObjectMetadata|^\s*application\/json\s*(?:;\s*q=.*)?$/.test(type))
  if (first?.includes('as=Table') === true) return { kind: 'table', include: query.get('includeObject') ?? 'Metadata' }
  return first?.includes('as=PartialObjectMetadata') === true ? { kind: 'metadata' } : { kind: 'object' }
}

const meta = 'meta.k8s.io/v1'

export function partialMetadata(object: KubeObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: meta, metadata: object.metadata }
}

/** The rows that `kubectl get` prints. `listMetadata`: resourceVersion, and continue where there is more. */
export function tableOf(
  kind: ResourceKind,
  objects: readonly KubeObject[],
  options: { readonly include: string; readonly listMetadata: object; readonly now: EpochMs },
): object {
  return {
    kind: 'Table',
    apiVersion: meta,
    metadata: options.listMetadata,
    columnDefinitions: [
      { name: 'Name', type: 'string', format: 'name', description: 'The name, unique in its namespace', priority: 0 },
      ...kind.columns.map(({ name, type, wide }) => ({
        name,
        type: type === 'date' ? 'string' : type,
        format: '',
        description: name,
        priority: wide === true ? 1 : 0,
      })),
      { name: 'Age', type: 'string', format: '', description: 'Time since its creation', priority: 0 },
    ],
    rows: objects.map((object) => ({
      cells: [
        object.metadata.name,
        ...kind.columns.map((column) => cellOf(column, object, options.now)),
        ageText(object.metadata.creationTimestamp, options.now),
      ],
      ...(options.include === 'None'
        ? {}
        : { object: options.include === 'Object' ? object : partialMetadata(object) }),
    })),
  }
}

function cellOf(column: PrinterColumn, object: KubeObject, now: EpochMs): unknown {
  const value = typeof column.value === 'string' ? readPath(object, column.value) : column.value(object)
  if (column.type === 'date') return typeof value === 'string' ? ageText(value, now) : '<unknown>'
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? '')
}

/** `45s`, `5m3s`, `3h12m`, `2d4h`, `30d`: the two largest units while the first is small, as kubectl has it. */
export function ageText(timestamp: string, now: EpochMs): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(timestamp)) / 1000))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  return days < 8 && hours % 24 !== 0 ? `${days}d${hours % 24}h` : `${days}d`
}
