import { Secret } from '../../../base/secret.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import type { ConfigMap, Container, SecretObject } from './shapes.ts'

/** A container's variables, or what the kubelet says of one that it cannot give. */
export type ContainerEnv =
  | { readonly kind: 'complete'; readonly env: ReadonlyMap<string, Secret> }
  | { readonly kind: 'incomplete'; readonly message: string }

export function containerEnv(view: ClusterView, namespace: string, container: Container): ContainerEnv {
  const env = new Map<string, Secret>()
  for (const { prefix = '', secretRef, configMapRef } of container.envFrom ?? []) {
    const reference = secretRef ?? configMapRef
    if (reference === undefined) continue
    const kind = secretRef === undefined ? 'configmap' : 'secret'
    const object = view.get<SecretObject | ConfigMap>(`${kind}s`, namespace, reference.name)
    if (object === undefined && reference.optional !== true) {
      return { kind: 'incomplete', message: `${kind} "${reference.name}" not found` }
    }
    for (const [key, value] of Object.entries(object?.data ?? {})) env.set(prefix + key, valueOf(kind, value))
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const { secretKeyRef, configMapKeyRef } = valueFrom ?? {}
    const reference = secretKeyRef ?? configMapKeyRef
    if (reference === undefined) {
      env.set(name, new Secret(value ?? ''))
      continue
    }
    const kind = secretKeyRef === undefined ? 'configmap' : 'secret'
    const object = view.get<SecretObject | ConfigMap>(`${kind}s`, namespace, reference.name)
    const found = object?.data?.[reference.key]
    if (found !== undefined) {
      env.set(name, valueOf(kind, found))
    } else if (reference.optional !== true) {
      const message =
        object === undefined
          ? `${kind} "${reference.name}" not found`
          : `couldn't find key ${reference.key} in ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${namespace}/${reference.name}`
      return { kind: 'incomplete', message }
    }
  }
  return { kind: 'complete', env }
}

function valueOf(kind: 'secret' | 'configmap', stored: string): Secret {
  return new Secret(kind === 'secret' ? Buffer.from(stored, 'base64').toString() : stored)
}
