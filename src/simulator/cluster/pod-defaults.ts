import type { NewObject } from './kube-object.ts'
import { type Fields, isFields } from './read-path.ts'

/** What the API fills into the containers of a pod, and of a template of pods: their ports are TCP unless they say otherwise. */
export function withPodDefaults<Shape extends NewObject>(object: Shape, isPod: boolean): Shape {
  const { spec } = object
  if (!isFields(spec)) return object
  if (isPod) return { ...object, spec: withContainers(spec) }
  const { template } = spec
  if (!isFields(template) || !isFields(template.spec)) return object
  return { ...object, spec: { ...spec, template: { ...template, spec: withContainers(template.spec) } } }
}

function withContainers(podSpec: Fields): Fields {
  const lists = ['containers', 'initContainers'].flatMap((field) => {
    const list = podSpec[field]
    return Array.isArray(list) ? [[field, list.map(withPorts)] as const] : []
  })
  return { ...podSpec, ...Object.fromEntries(lists) }
}

function withPorts(container: unknown): unknown {
  if (!isFields(container) || !Array.isArray(container.ports)) return container
  const ports: readonly unknown[] = container.ports
  return { ...container, ports: ports.map((port) => (isFields(port) ? { protocol: 'TCP', ...port } : port)) }
}
