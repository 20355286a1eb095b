import type { KubeObject } from '../kube-object.ts'
import { isFields, readList, readPath, readText } from '../read-path.ts'
import { badRequest } from '../refusal.ts'
import type { ClusterStore } from '../store.ts'

/** The container of that name; without one, the pod's first. Refuses: BadRequest. */
export function containerOf(pod: KubeObject, name: string | undefined): unknown {
  const all = [...readList(pod, 'spec.containers'), ...readList(pod, 'spec.initContainers')]
  const found = name === undefined || name === '' ? all[0] : all.find((entry) => readText(entry, 'name') === name)
  if (found === undefined) throw badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`)
  return found
}

/**
 * A container's environment: its `envFrom` and `env`, with what comes from secrets, config maps and the pod itself.
 * What is not there is left out; a kubelet would not have started such a container.
 */
export function containerEnv(store: ClusterStore, pod: KubeObject, container: unknown): Record<string, string> {
  const namespace = pod.metadata.namespace ?? ''
  const env: Record<string, string> = {}
  for (const source of readList(container, 'envFrom')) {
    const prefix = readText(source, 'prefix')
    const data = {
      ...dataOf(store, 'secrets', namespace, readText(source, 'secretRef.name')),
      ...dataOf(store, 'configmaps', namespace, readText(source, 'configMapRef.name')),
    }
    for (const [key, value] of Object.entries(data)) env[prefix + key] = value
  }
  for (const entry of readList(container, 'env')) {
    const value = valueOf(store, pod, entry, env)
    if (value !== undefined) env[readText(entry, 'name')] = value
  }
  return env
}

function valueOf(
  store: ClusterStore,
  pod: KubeObject,
  entry: unknown,
  env: Readonly<Record<string, string>>,
): string | undefined {
  const literal = readPath(entry, 'value')
  if (typeof literal === 'string')
    return literal.replaceAll(/\$\(([\w.-]+)\)/g, (all, name: string) => env[name] ?? all)
  const namespace = pod.metadata.namespace ?? ''
  for (const [field, resource] of [
    ['secretKeyRef', 'secrets'],
    ['configMapKeyRef', 'configmaps'],
  ] as const) {
    const from = readPath(entry, `valueFrom.${field}`)
    if (isFields(from)) return dataOf(store, resource, namespace, readText(from, 'name'))[readText(from, 'key')]
  }
  const path = readText(entry, 'valueFrom.fieldRef.fieldPath')
  return path === '' ? undefined : readText(pod, path)
}

function dataOf(store: ClusterStore, resource: string, namespace: string, name: string): Record<string, string> {
  const data = name === '' ? undefined : readPath(store.get({ resource, namespace, name }), 'data')
  const entries = isFields(data) ? Object.entries(data) : []
  const decode = (value: string) => (resource === 'secrets' ? Buffer.from(value, 'base64').toString('utf8') : value)
  return Object.fromEntries(entries.map(([key, value]) => [key, decode(String(value))]))
}
