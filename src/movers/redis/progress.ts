import type { Clock } from '../../base/clock.ts'
import type { RedisProgress } from '../../ports/redis.ts'

const everyMs = 1000

/** Reports how far a pass over the snapshot is, once a second and at its end. */
export class Progress {
  readonly #phase: RedisProgress['phase']
  readonly #totalBytes: number
  readonly #clock: Clock
  readonly #report: (progress: RedisProgress) => void
  readonly #startedMs: number
  #shownMs: number
  #keys = 0

  constructor(
    phase: RedisProgress['phase'],
    totalBytes: number,
    clock: Clock,
    report: (progress: RedisProgress) => void,
  ) {
    this.#phase = phase
    this.#totalBytes = totalBytes
    this.#clock = clock
    this.#report = report
    this.#startedMs = clock.elapsedMs()
    this.#shownMs = this.#startedMs
  }

  /** True when a report was due and sent. */
  show(keys: number, bytes: number): boolean {
    this.#keys = keys
    const now = this.#clock.elapsedMs()
    if (now - this.#shownMs < everyMs) return false
    this.#shownMs = now
    this.#emit(bytes, false)
    return true
  }

  end(keys = this.#keys): void {
    this.#keys = keys
    this.#emit(this.#totalBytes, true)
  }

  #emit(bytes: number, done: boolean): void {
    const elapsedMs = this.#clock.elapsedMs() - this.#startedMs
    this.#report({ phase: this.#phase, keys: this.#keys, bytes, totalBytes: this.#totalBytes, elapsedMs, done })
  }
}
