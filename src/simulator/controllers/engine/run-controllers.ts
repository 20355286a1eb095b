import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, EpochMs } from '../../../base/clock.ts'
import type { ControllerManager } from './controller-manager.ts'

/** Runs a cluster's controllers as time passes, until `signal` aborts; then it ends without an error. */
export async function runControllers(manager: ControllerManager, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      // Time goes on while work runs: what is due meanwhile does not wait for it.
      await manager.settle({ alsoWork: false })
      const due = manager.nextDue()
      const stopWaiting = new AbortController()
      const either = AbortSignal.any([signal, stopWaiting.signal])
      const timers = due === null ? [] : [sleep(Math.max(1, due - clock.now()), undefined, { signal: either })]
      const ended = sleep(2 ** 31 - 1, undefined, { signal: either })
      try {
        await Promise.race([manager.woken(), ended, ...timers])
      } finally {
        stopWaiting.abort()
        await Promise.allSettled([ended, ...timers])
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** A clock that stands still until somebody moves it. */
export class VirtualClock implements Clock {
  #now: number

  constructor(start: number) {
    this.#now = start
  }

  // Branding is the one thing that the cast is for.
  now = (): EpochMs => this.#now as EpochMs
  elapsedMs = (): number => this.#now

  moveTo(ms: number): void {
    this.#now = Math.max(this.#now, ms)
  }
}

/**
 * Moves a virtual clock from one turn to the next until `until` holds; real work in between takes its real time.
 *
 * Out: how long it took by the virtual clock, in milliseconds. Throws when it does not hold within `atMostMs` of it.
 */
export async function runVirtually(
  managers: readonly ControllerManager[],
  clock: VirtualClock,
  until: () => boolean,
  atMostMs: number,
): Promise<number> {
  const start = clock.now()
  for (;;) {
    for (const manager of managers) await manager.settle()
    if (until()) return clock.now() - start
    const next = managers.flatMap((manager) => manager.nextDue() ?? []).sort((a, b) => a - b)[0]
    if (next === undefined || next > start + atMostMs) {
      throw new Error(`what was waited for did not come within ${atMostMs} ms of virtual time`)
    }
    clock.moveTo(next)
  }
}
