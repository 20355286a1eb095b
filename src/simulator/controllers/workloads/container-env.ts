import { Secret } from '../../../base/secret.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import type { ConfigMap, Container, SecretObject } from './shapes.ts'

/** A container's variables, or what the kubelet says of one that it cannot give. */
export type ContainerEnv =
  | { readonly kind: 'complete'; readonly env: ReadonlyMap<string, Secret> }
  | { readonly kind: 'incomplete'; readonly message: string }

export function containerEnv(view: ClusterView, namespace: string, container: Container): ContainerEnv {
  const env = new Map<string, Secret>()
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
      env.set(name, new Secret(kind === 'secret' ? Buffer.from(found, 'base64').toString() : found))
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
