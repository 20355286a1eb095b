import type { Clock } from '../base/clock.ts'
import type { OnEvent } from './events.ts'
import type { Lease } from './lease.ts'
import { recover } from './runtime.ts'
import type { Store } from './store.ts'
import { application } from './workflow-id.ts'

export interface ReaperOptions {
  readonly executor: string
  readonly store: Store
  readonly lease: Lease
  readonly onEvent: OnEvent
  /** Durations only: a clock that somebody sets must not make a living process look dead. */
  readonly clock: Clock
  /** How long the lock of an executor that did not say goodbye must be free: a restarted database frees all locks. */
  readonly graceMs: number
  /** How long the beat of an executor may stand still while it holds its lock. */
  readonly silenceMs: number
}

interface Peer {
  readonly id: string
  /** Null when the executor said goodbye, or never came to its first beat. */
  readonly beat: string | null
}

/**
 * Takes over from executors that are gone. What DBOS holds as running under an executor's id is queued again when
 * nobody holds the lock of that id; of one that holds it and does not beat, the session is ended first.
 */
export class Reaper {
  readonly #options: ReaperOptions
  readonly #beats = new Map<string, { readonly beat: string; readonly sinceMs: number }>()
  readonly #free = new Map<string, number>()

  constructor(options: ReaperOptions) {
    this.#options = options
  }

  /** Looks once. Called on a clock; what is in doubt now is clear the next time. */
  async look(): Promise<void> {
    const { executor } = this.#options
    const peers = await this.#peers()
    for (const { id, beat } of peers) {
      if (id === executor) continue
      if (await this.#isFree(id)) await this.#takeOver(id, beat)
      else {
        this.#free.delete(id)
        await this.#endIfSilent(id, beat)
      }
    }
  }

  /** Everybody under whose id workflows run, whether or not they are still there. */
  async #peers(): Promise<readonly Peer[]> {
    const { rows } = await this.#options.store.write((tx) =>
      tx.query<Peer>(
        `SELECT running.id, executors.beat::text AS beat
         FROM (SELECT DISTINCT executor_id AS id FROM dbos.workflow_status
               WHERE status = 'PENDING' AND application_version = $1 AND executor_id IS NOT NULL) running
         LEFT JOIN threeshift.executors ON executors.id = running.id ORDER BY 1`,
        [application.version],
      ),
    )
    return rows
  }

  #isFree(id: string): Promise<boolean> {
    return this.#options.lease.withLockOf(id, async () => undefined)
  }

  async #takeOver(id: string, beat: string | null): Promise<void> {
    const now = this.#options.clock.elapsedMs()
    const sinceMs = this.#free.get(id) ?? now
    this.#free.set(id, sinceMs)
    if (beat !== null && now - sinceMs < this.#options.graceMs) return
    const isTaken = await this.#options.lease.withLockOf(id, async () => {
      await recover(id)
      await this.#options.store.write((tx) => tx.query('DELETE FROM threeshift.executors WHERE id = $1', [id]))
    })
    if (!isTaken) return
    this.#free.delete(id)
    this.#beats.delete(id)
    this.#options.onEvent({ kind: 'taken-over', executor: id })
  }

  async #endIfSilent(id: string, beat: string | null): Promise<void> {
    const now = this.#options.clock.elapsedMs()
    const last = this.#beats.get(id)
    if (beat === null || last?.beat !== beat) {
      this.#beats.set(id, { beat: beat ?? '', sinceMs: now })
      return
    }
    if (now - last.sinceMs < this.#options.silenceMs) return
    await this.#options.store.write((tx) =>
      tx.query('SELECT pg_terminate_backend(backend) FROM threeshift.executors WHERE id = $1 AND beat = $2', [
        id,
        beat,
      ]),
    )
    // No grace for one that was ended on purpose.
    this.#free.set(id, now - this.#options.graceMs)
    this.#beats.delete(id)
  }
}
