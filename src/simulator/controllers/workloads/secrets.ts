import { Secret } from '../../../base/secret.ts'
import type { OwnerReference } from '../../cluster/kube-object.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import type { SecretObject } from './shapes.ts'

/** A Secret's values, decoded; undefined where there is no such Secret. */
export function secretValues(
  view: ClusterView,
  namespace: string,
  name: string,
): ReadonlyMap<string, Secret> | undefined {
  const object = view.get<SecretObject>('secrets', namespace, name)
  if (object === undefined) return undefined
  return new Map(
    Object.entries(object.data ?? {}).map(([key, value]) => [key, new Secret(Buffer.from(value, 'base64').toString())]),
  )
}

/** The values as the API stores them. */
export function secretData(values: ReadonlyMap<string, Secret>): Record<string, string> {
  return Object.fromEntries(
    [...values].map(([key, value]) => [
      key,
      Buffer.from(value.reveal('store it in a simulated cluster')).toString('base64'),
    ]),
  )
}

export interface SecretToWrite {
  readonly namespace: string
  readonly name: string
  readonly values: ReadonlyMap<string, Secret>
  readonly labels?: Readonly<Record<string, string>>
  readonly owner?: OwnerReference
}

/** Makes the Secret hold exactly these values. True: something has changed. */
export function writeSecret(view: ClusterView, secret: SecretToWrite): boolean {
  const { namespace, name } = secret
  const data = secretData(secret.values)
  if (view.ensure(secretObject(secret, data))) return true
  return view.change<SecretObject>({ resource: 'secrets', namespace, name }, (draft) => {
    draft.data = data
  })
}

/** Adds the values whose keys are not there yet; those that are there stay. True: something has changed. */
export function defaultSecret(view: ClusterView, secret: SecretToWrite): boolean {
  const { namespace, name } = secret
  const data = secretData(secret.values)
  if (view.ensure(secretObject(secret, data))) return true
  return view.change<SecretObject>({ resource: 'secrets', namespace, name }, (draft) => {
    draft.data = { ...data, ...draft.data }
  })
}

function secretObject({ namespace, name, labels, owner }: SecretToWrite, data: Record<string, string>) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      namespace,
      name,
      ...(labels === undefined ? {} : { labels }),
      ...(owner === undefined ? {} : { ownerReferences: [owner] }),
    },
    data,
  }
}
