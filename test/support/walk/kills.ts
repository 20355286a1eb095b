import { setTimeout as pause } from 'node:timers/promises'
import type { Party } from '../../../src/model/party.ts'
import type { PlanRow } from '../../../src/model/plan.ts'
import type { RowId } from '../../../src/model/row-id.ts'
import { Killed, RowProcess } from './row-process.ts'
import { back, forward, type Walk } from './walk.ts'

/**
 * How long `apply` of a row takes on an idle machine, in milliseconds; those that are not here are over at once. Kills are spread over that
 * time, stretched by how much slower this machine is just now.
 */
const appliesMs: Readonly<Partial<Record<RowId, number>>> = {
  'access-granted': 150,
  'migration-cluster-ready': 4500,
  'standalone-vpc': 500,
  'migration-databases': 200,
  'exchange-bucket': 250,
  'exchange-granted': 300,
  'rhoam-freeze': 1500,
  quiesce: 900,
  dump: 900,
  'load-system-database': 2500,
  'convert-to-postgres': 2500,
  'routes-to-migration': 300,
  'scale-down': 500,
  'plug-in': 300,
  'scale-up': 1200,
  'upgrade-3scale': 6000,
  'routes-to-destination': 900,
  'backup-postgres': 500,
  'seed-destination': 3000,
  'restore-redis': 500,
  'secrets-to-destination': 250,
  'scale-up-destination': 1500,
  'enterprise-plan': 100,
  'rhoam-scale-up': 200,
  'rhoam-complete': 800,
  'sso-integration': 300,
  'publish-sso': 100,
}
const atOnceMs = 50

export interface RowKill {
  readonly row: RowId
  /** Milliseconds after the beginning of `apply`. */
  readonly afterMs: number
  /** False: it had ended before, and nobody heard of it any more. */
  readonly inApply: boolean
}

/** Processes of each party, of which the next is always on its way: a start takes longer than most rows. */
export class Crew {
  readonly #walk: Walk
  readonly #waiting = new Map<Party, RowProcess>()
  /** How many times as long as on an idle machine rows take now. */
  #slowness = 1

  constructor(walk: Walk) {
    this.#walk = walk
  }

  take(party: Party): RowProcess {
    const taken = this.#waiting.get(party) ?? new RowProcess(this.#walk, party)
    this.#waiting.set(party, new RowProcess(this.#walk, party))
    return taken
  }

  /** Begins the row's verb in one process and kills that within the time that it takes; `share` of it, from 0 to 1. */
  async killIn(row: PlanRow, share: number, verb: 'apply' | 'undo' = 'apply'): Promise<RowKill> {
    const victim = this.take(row.owner)
    const afterMs = Math.round((appliesMs[row.id] ?? atOnceMs) * this.#slowness * share)
    const began = Promise.withResolvers<void>()
    const applying = victim.run(verb, row, this.#walk.facts, began.resolve).then(
      () => false,
      (error: unknown) => error instanceof Killed,
    )
    await Promise.race([began.promise, applying])
    await Promise.race([pause(afterMs), applying])
    await victim.kill()
    return { row: row.id, afterMs, inApply: await applying }
  }

  /** The row by a process of its own: check, apply if it is needed, confirm. */
  async forward(row: PlanRow): Promise<void> {
    const own = this.take(row.owner)
    const startedMs = performance.now()
    await forward(this.#walk, row, own)
    const usualMs = appliesMs[row.id]
    // A row that was over when it was killed says nothing about the machine.
    if (usualMs !== undefined)
      this.#slowness = Math.min(20, Math.max(1, (this.#slowness + (performance.now() - startedMs) / usualMs) / 2))
    await own.kill()
  }

  async back(row: PlanRow): Promise<void> {
    const own = this.take(row.owner)
    await back(this.#walk, row, own)
    await own.kill()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#waiting.values()].map((one) => one.kill()))
  }
}
