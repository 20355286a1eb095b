import type { Clock, EpochMs } from '../../../base/clock.ts'
import type { KubeObject, WatchEvent } from '../../cluster/kube-object.ts'
import type { ClusterStore } from '../../cluster/store.ts'
import { Random } from '../../source-world/random.ts'
import { type ClusterView, clusterViewOf } from './cluster-view.ts'
import type { Context, Controller, Key } from './controller.ts'
import type { Timings } from './timings.ts'

export interface ManagerOptions {
  readonly store: ClusterStore
  readonly controllers: readonly Controller[]
  readonly timings: Timings
  readonly clock: Clock
  /** The same seed and the same changes give the same names and the same order. */
  readonly seed: number
  readonly signal: AbortSignal
  /** Told of what a reconcile threw; the controller tries again a little later. */
  readonly onError: (error: unknown, controller: string, key: Key) => void
}

/** More turns than any change needs while a clock stands still. */
const mostTurns = 20_000

interface Turn {
  readonly controller: Controller
  readonly key: Key
}

/**
 * Runs the controllers of one cluster, one reconcile at a time, in the order in which their turns came.
 *
 * It reads no time but through `clock` and sets no timer: `settle` does what is due, `nextDue` says when there will be
 * more, and `woken` ends when something changes. So a test moves the clock, and `runControllers` waits for it.
 */
export class ControllerManager {
  readonly view: ClusterView
  readonly #options: ManagerOptions
  readonly #queue = new Map<string, Turn>()
  readonly #due = new Map<string, Turn & { readonly at: number }>()
  /** By object: since when a controller knows it in a state. */
  readonly #states = new Map<string, Map<string, number>>()
  readonly #works = new Map<string, { readonly uid: string; outcome?: Outcome }>()
  readonly #random: Random
  readonly #unwatch: () => void
  #running = 0
  #settling: Promise<void> | null = null
  #wake = Promise.withResolvers<void>()

  constructor(options: ManagerOptions) {
    this.#options = options
    this.view = clusterViewOf(options.store)
    this.#random = new Random(options.seed, 'controllers')
    this.#unwatch = options.store.watch(undefined, {}, (event) => this.#onEvent(event))
    for (const controller of options.controllers) {
      for (const [resource, keysOf] of Object.entries(controller.watches)) {
        for (const object of options.store.list(resource)) this.#enqueueAll(controller, keysOf(object, this.view))
      }
    }
  }

  /**
   * Reconciles until nothing is due and, under a clock that stands still, no work runs beside. Abort: throws the signal's
   * reason between two turns.
   */
  async settle({ alsoWork = true } = {}): Promise<void> {
    this.#settling ??= this.#settle(alsoWork).finally(() => (this.#settling = null))
    await this.#settling
  }

  async #settle(alsoWork: boolean): Promise<void> {
    let [turns, at] = [0, this.#options.clock.now()]
    for (;;) {
      this.#options.signal.throwIfAborted()
      this.#takeDue()
      const [id, turn] = this.#queue.entries().next().value ?? []
      if (id === undefined || turn === undefined) {
        if (this.#running === 0 || !alsoWork) return
        await this.woken()
        continue
      }
      this.#queue.delete(id)
      if (this.#options.clock.now() !== at) [turns, at] = [0, this.#options.clock.now()]
      if (turns++ > mostTurns) throw new Error(`bug: the controllers undo each other's work and never rest: ${id}`)
      await this.#reconcile(turn)
    }
  }

  /** When the next turn comes by itself; null: never. */
  nextDue(): EpochMs | null {
    const times = [...this.#due.values()].map(({ at }) => at)
    // Made of the clock's own values.
    return times.length === 0 ? null : (Math.min(...times) as EpochMs)
  }

  /** Ends when a turn comes because something changed; at once when one has come already. */
  async woken(): Promise<void> {
    if (this.#queue.size > 0) return
    this.#wake = Promise.withResolvers()
    await this.#wake.promise
  }

  /** Hears of no change any more. May be called again. */
  close(): void {
    this.#unwatch()
    this.#wake.resolve()
  }

  async #reconcile({ controller, key }: Turn): Promise<void> {
    let again: number | null
    try {
      again = await controller.reconcile(key, this.#contextFor({ controller, key }))
    } catch (error) {
      this.#options.signal.throwIfAborted()
      this.#options.onError(error, controller.name, key)
      again = this.#options.timings.retry
    }
    const id = `${controller.name} ${key}`
    if (again === null) this.#due.delete(id)
    else this.#due.set(id, { controller, key, at: this.#options.clock.now() + again })
  }

  #contextFor(turn: Turn): Context {
    const { timings, clock, signal } = this.#options
    return {
      view: this.view,
      timings,
      random: this.#random,
      signal,
      now: () => clock.now(),
      timestamp: () => new Date(clock.now()).toISOString(),
      remaining: (object, state, lasts) => {
        const { uid } = object.metadata
        const states = this.#states.get(uid) ?? new Map<string, number>()
        this.#states.set(uid, states)
        const id = `${turn.controller.name} ${state}`
        const since = states.get(id) ?? clock.now()
        states.set(id, since)
        return Math.max(0, since + lasts - clock.now())
      },
      outcome: (id, work) => this.#outcome(turn, id, work),
    }
  }

  #outcome<Result>(turn: Turn, id: string, work: (signal: AbortSignal) => Promise<Result>) {
    const known = this.#works.get(id)
    if (known === undefined) {
      const entry: { readonly uid: string; outcome?: Outcome } = { uid: id.split(' ')[0] ?? '' }
      this.#works.set(id, entry)
      this.#running++
      // Both ways of its end are kept for the reconcile that asks, so nothing is left to reject.
      const end = (outcome: Outcome): void => {
        entry.outcome = outcome
        this.#running--
        this.#enqueueAll(turn.controller, [turn.key])
      }
      void work(this.#options.signal).then(
        (value) => end({ kind: 'done', value }),
        (error: unknown) => end({ kind: 'failed', error }),
      )
      return undefined
    }
    if (known.outcome === undefined) return undefined
    if (known.outcome.kind === 'failed') throw known.outcome.error
    // What was put in under this id.
    return { value: known.outcome.value as Result }
  }

  #onEvent({ type, resource, object }: WatchEvent): void {
    if (type === 'DELETED') this.#forget(object)
    for (const controller of this.#options.controllers) {
      const keysOf = controller.watches[resource]
      if (keysOf !== undefined) this.#enqueueAll(controller, keysOf(object, this.view))
    }
  }

  #forget({ metadata: { uid } }: KubeObject): void {
    this.#states.delete(uid)
    for (const [id, work] of this.#works) if (work.uid === uid) this.#works.delete(id)
  }

  #enqueueAll(controller: Controller, keys: readonly Key[]): void {
    for (const key of keys) {
      const id = `${controller.name} ${key}`
      if (!this.#queue.has(id)) this.#queue.set(id, { controller, key })
    }
    if (this.#queue.size > 0) this.#wake.resolve()
  }

  #takeDue(): void {
    const now = this.#options.clock.now()
    const due = [...this.#due].filter(([, { at }]) => at <= now).sort(([, a], [, b]) => a.at - b.at)
    for (const [id, { controller, key }] of due) {
      this.#due.delete(id)
      this.#enqueueAll(controller, [key])
    }
  }
}

type Outcome = { readonly kind: 'done'; readonly value: unknown } | { readonly kind: 'failed'; readonly error: unknown }
