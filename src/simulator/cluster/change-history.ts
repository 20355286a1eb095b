import type { WatchEvent } from './kube-object.ts'
import { expired } from './refusal.ts'

/** A change as it is remembered: the event and its version. */
export interface Change extends WatchEvent {
  readonly version: number
}

interface Watcher {
  readonly resource: string | undefined
  readonly namespace: string | undefined
  readonly onEvent: (event: WatchEvent) => void
}

/** The last changes of a cluster, in order, and who waits for the next. */
export class ChangeHistory {
  readonly #capacity: number
  readonly #watchers = new Set<Watcher>()
  readonly #undelivered: Change[] = []
  #changes: Change[] = []
  /** Versions up to this one are forgotten. */
  #forgotten: number
  #delivering = false

  constructor(capacity: number, forgotten: number) {
    this.#capacity = capacity
    this.#forgotten = forgotten
  }

  /** Remembers changes and tells every watcher; those that watchers make meanwhile are told afterwards, in order. */
  add(changes: readonly Change[]): void {
    this.#changes.push(...changes)
    // In large steps: cutting the front off moves all the rest.
    if (this.#changes.length > this.#capacity * 2) this.#forget(this.#changes.length - this.#capacity)
    this.#undelivered.push(...changes)
    if (this.#delivering) return
    this.#delivering = true
    try {
      for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) {
        for (const watcher of this.#watchers) if (concerns(watcher, next)) watcher.onEvent(next)
      }
    } finally {
      this.#delivering = false
    }
  }

  /** Refuses: Expired. Earlier changes are told before it returns. */
  watch(watcher: Watcher, since: number | undefined): () => void {
    if (since !== undefined) {
      for (const change of this.since(since)) if (concerns(watcher, change)) watcher.onEvent(change)
    }
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** The changes after a version. Refuses: Expired. */
  since(version: number): readonly Change[] {
    if (version < this.#forgotten) {
      throw expired(`The resourceVersion for the provided watch is too old: ${version} (${this.#forgotten})`)
    }
    return this.#changes.filter((change) => change.version > version)
  }

  compact(): void {
    this.#forget(this.#changes.length)
  }

  #forget(count: number): void {
    const last = this.#changes[count - 1]
    if (last === undefined) return
    this.#forgotten = last.version
    this.#changes = this.#changes.slice(count)
  }
}

function concerns(watcher: Watcher, change: WatchEvent): boolean {
  return (
    (watcher.resource === undefined || watcher.resource === change.resource) &&
    (watcher.namespace === undefined || watcher.namespace === change.object.metadata.namespace)
  )
}
