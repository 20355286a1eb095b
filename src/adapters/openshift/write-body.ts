import { Secret } from '../../base/secret.ts'
import type { ClusterKind } from '../../model/cluster-object.ts'
import type { ClusterValue, Manifest } from '../../ports/cluster.ts'

/** Whose the fields are that we write. */
export const fieldManager = 'threeshift'

/** JSON text of a value, with its secrets in clear: for a request's body and nothing else. */
export function writeBody(value: ClusterValue): string {
  return JSON.stringify(revealed(value))
}

/** The whole object that a manifest stands for. */
export function manifestBody(kind: ClusterKind, manifest: Manifest): ClusterValue {
  const { apiVersion, kind: name } = kind
  return { ...manifest.fields, apiVersion, kind: name, metadata: { ...manifest.metadata } }
}

/** A value without its wrappers, to be compared with what the cluster has. */
export function revealed(value: ClusterValue): unknown {
  if (value instanceof Secret) return value.reveal('to write it into the cluster')
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(revealed)
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, revealed(part)]))
}

/** The query's part that asks for a change to be tried only. */
export function dryRun({ dryRun = false }: { readonly dryRun?: boolean }): { readonly dryRun?: string } {
  return dryRun ? { dryRun: 'All' } : {}
}
