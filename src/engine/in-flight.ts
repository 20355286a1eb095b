import { Stop } from '../base/stop.ts'
import type { VerbAt } from './begin-verb.ts'
import type { Store } from './store.ts'

export interface Flight {
  readonly signal: AbortSignal
  leave(): void
}

/** The verbs that run in this process, so that they can be stopped: all at its end, one when its run is over. */
export class InFlight {
  readonly #flights = new Map<symbol, { readonly at: VerbAt; readonly stop: AbortController }>()
  #isClosing = false
  #onEmpty: (() => void) | undefined

  get isClosing(): boolean {
    return this.#isClosing
  }

  enter(at: VerbAt): Flight {
    const key = Symbol(at.row)
    const stop = new AbortController()
    this.#flights.set(key, { at, stop })
    if (this.#isClosing) stop.abort(new Stop('shutdown'))
    return {
      signal: stop.signal,
      leave: () => {
        this.#flights.delete(key)
        if (this.#flights.size === 0) this.#onEmpty?.()
      },
    }
  }

  /** Stops what belongs to a run that was cancelled or that a newer one has replaced. */
  async stopStale(store: Store): Promise<void> {
    // Those that begin while the question is under way are not in the answer.
    const flights = [...this.#flights.values()]
    const ids = [...new Set(flights.map(({ at }) => at.migration))]
    if (ids.length === 0) return
    const { rows } = await store.write((tx) =>
      tx.query<{ id: string; generation: number; control: string }>(
        'SELECT id, generation, control FROM threeshift.migrations WHERE id = ANY($1)',
        [ids],
      ),
    )
    for (const { at, stop } of flights) {
      const now = rows.find(({ id }) => id === at.migration)
      if (now?.generation !== at.generation || now.control === 'cancelled') stop.abort(new Stop('operator'))
    }
  }

  /** Tells every verb to stop, lets none begin, and returns when none runs. */
  async close(): Promise<void> {
    this.#isClosing = true
    for (const { stop } of this.#flights.values()) stop.abort(new Stop('shutdown'))
    if (this.#flights.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }
}
