import { createHash } from 'node:crypto'
import { Secret } from '../base/secret.ts'
import { clusterKinds } from '../model/cluster-kinds.ts'
import type { RowId } from '../model/row-id.ts'
import type { Cluster, Waiting } from '../ports/cluster.ts'
import { deadlineMs } from './deadlines.ts'
import { fault } from './faults.ts'
import type { ClusterPlace } from './tools.ts'

/** Before a row changes a secret, what it held is kept beside it: each row goes back to what it found. */
function savedName(name: string, row: RowId): string {
  return `threeshift-saved-${row}-${name}`
}

export interface SecretPlace extends Waiting {
  readonly cluster: Cluster
  readonly place: ClusterPlace
  readonly namespace: string
}

/** Keys and values of one Secret. */
export type SecretValues = Readonly<Record<string, Secret>>

/** Null: there is none of this name. */
export async function readSecret(place: SecretPlace, name: string): Promise<SecretValues | null> {
  const { cluster, namespace, signal } = place
  const found = await cluster.get(clusterKinds.secrets, { namespace, name }, { signal })
  if (found === null) return null
  return Object.fromEntries(
    Object.entries(found.data).map(([key, value]) => [
      key,
      new Secret(Buffer.from(value.reveal('decode it'), 'base64').toString()),
    ]),
  )
}

/** One value of it. Faults: STEP_SECRET_MISSING. */
export async function secretValue(place: SecretPlace, name: string, key: string): Promise<Secret> {
  const value = (await readSecret(place, name))?.[key]
  if (value === undefined) throw fault('STEP_SECRET_MISSING', { place: place.place, secret: name, keys: [key] })
  return value
}

/** SHA-256 over keys and values in the order of the keys, in hex: equal for equal secrets, and tells nothing of them. */
export function digestOf(values: SecretValues): string {
  const hash = createHash('sha256')
  for (const key of Object.keys(values).sort()) {
    const value = Buffer.from(values[key]?.reveal('compare secrets by their digest') ?? '')
    hash.update(`${Buffer.byteLength(key)}:${key}${value.length}:`).update(value)
  }
  return hash.digest('hex')
}

/**
 * Sets keys of a Secret and leaves its other keys; makes it if need be. What it held before the row's first change is kept in
 * a Secret of its own, so that `restoreSecret` can put it back.
 */
export async function changeSecret(place: SecretPlace, name: string, values: SecretValues, row: RowId): Promise<void> {
  await keep(place, name, savedName(name, row))
  await write(place, name, values)
}

async function keep(place: SecretPlace, name: string, saved: string): Promise<void> {
  if ((await readSecret(place, saved)) !== null) return
  const before = await readSecret(place, name)
  // An empty one says that there was none.
  await write(place, saved, before ?? {})
}

/** Never by apply where there is one: what an earlier row of ours has set and this one does not name would go. */
async function write(place: SecretPlace, name: string, values: SecretValues): Promise<void> {
  const { cluster, namespace, signal } = place
  const ref = { namespace, name }
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, new Secret(toBase64(value.reveal('write it into a Secret')))]),
  )
  if ((await cluster.get(clusterKinds.secrets, ref, { signal })) === null) {
    await cluster.apply(clusterKinds.secrets, { metadata: ref, fields: { type: 'Opaque', data } }, { signal })
  } else {
    await cluster.patch(clusterKinds.secrets, ref, { kind: 'merge', body: { data } }, { signal })
  }
}

function toBase64(value: string): string {
  return Buffer.from(value).toString('base64')
}

/** Puts back what `changeSecret` kept for this row, and forgets it. Without that it changes nothing. */
export async function restoreSecret(place: SecretPlace, name: string, row: RowId): Promise<void> {
  const { cluster, namespace, signal } = place
  const kept = { namespace, name: savedName(name, row) }
  const saved = await cluster.get(clusterKinds.secrets, kept, { signal })
  if (saved === null) return
  const ref = { namespace, name }
  if (Object.keys(saved.data).length === 0) {
    await cluster.remove(clusterKinds.secrets, ref, { signal, deadlineMs: deadlineMs.removal })
  } else {
    const now = await cluster.get(clusterKinds.secrets, ref, { signal })
    const gone = Object.keys(now?.data ?? {}).filter((key) => !Object.hasOwn(saved.data, key))
    const data: Record<string, Secret | null> = Object.fromEntries(gone.map((key) => [key, null]))
    for (const [key, value] of Object.entries(saved.data)) data[key] = value
    await cluster.patch(clusterKinds.secrets, ref, { kind: 'merge', body: { data } }, { signal })
  }
  await cluster.remove(clusterKinds.secrets, kept, { signal, deadlineMs: deadlineMs.removal })
}
