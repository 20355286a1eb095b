import type { EpochMs } from '../../../base/clock.ts'
import type { KubeObject } from '../../cluster/kube-object.ts'
import type { Random } from '../../source-world/random.ts'
import type { ClusterView } from './cluster-view.ts'
import type { Timings } from './timings.ts'

/** What a controller works on: `namespace/name`, or `name` of what is in no namespace. */
export type Key = string

/** Milliseconds after which it wants to look again, though nothing may have changed; null: only when something does. */
export type Again = number | null

/**
 * One loop of a cluster: looks at what is there, brings it one step nearer to what is wanted, and says when to look
 * again. It keeps nothing between two looks, so it goes on after a restart where the objects say it stopped.
 */
export interface Controller {
  readonly name: string
  /** By resource (`pods`, `deployments.apps`): whose turn it is when one of them changes. */
  readonly watches: Readonly<Record<string, (object: KubeObject, view: ClusterView) => readonly Key[]>>
  reconcile(key: Key, context: Context): Promise<Again> | Again
}

export interface Context {
  readonly view: ClusterView
  readonly timings: Timings
  readonly random: Random
  readonly signal: AbortSignal
  now(): EpochMs
  /** As the API writes a moment, with milliseconds. */
  timestamp(): string
  /**
   * Milliseconds still to wait until `lasts` have passed since this controller first asked for this object and state; 0
   * when they have. An object that comes back to a state needs another name for it.
   */
  remaining(object: KubeObject, state: string, lasts: number): number
  /**
   * The outcome of work that runs beside the loops, once for each `id`; undefined while it runs. The key's turn comes
   * when it ends. A rejection is thrown here.
   */
  outcome<Result>(id: string, work: (signal: AbortSignal) => Promise<Result>): { readonly value: Result } | undefined
}

export function keyOf({ metadata }: Pick<KubeObject, 'metadata'>): Key {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
}

export function splitKey(key: Key): { readonly namespace: string; readonly name: string } {
  const at = key.indexOf('/')
  return { namespace: key.slice(0, at), name: key.slice(at + 1) }
}

/** The key of what controls the object, if that is of `kind`. */
export function ownerKey(object: KubeObject, kind: string): readonly Key[] {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true)
  return owner?.kind === kind ? [`${object.metadata.namespace}/${owner.name}`] : []
}
