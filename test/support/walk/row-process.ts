import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../../src/base/fault.ts'
import type { FaultData } from '../../../src/model/fault-data.ts'
import type { Migration } from '../../../src/model/migration.ts'
import type { Party } from '../../../src/model/party.ts'
import type { PlanRow } from '../../../src/model/plan.ts'
import type { Facts, Verb } from '../../../src/ports/step.ts'
import type { VerbResults } from './run-verb.ts'
import type { VerbRunner, Walk } from './walk.ts'

const program = fileURLToPath(new URL('../programs/row-process.ts', import.meta.url))

/** What the process is told at its start. */
export interface RowProcessStart {
  readonly party: Party
  readonly migration: Migration
  readonly stateFolder: string
  /** Epoch milliseconds that the world takes for now. */
  readonly now: number
}

export interface VerbOrder {
  readonly verb: Verb
  readonly row: PlanRow
  readonly facts: Facts
}

export type VerbAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'began' }
  | { readonly kind: 'ended'; readonly result: unknown }
  | { readonly kind: 'faulted'; readonly fault: FaultData }
  | { readonly kind: 'broke'; readonly stack: string }

/**
 * One party's process with its own credentials in its environment, which reaches the world over the network alone and may be killed at
 * any time. It runs one verb at a time.
 */
export class RowProcess implements VerbRunner {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #isReady: Promise<void>
  #hear: (answer: VerbAnswer) => void = () => undefined
  #said = ''

  constructor(walk: Walk, party: Party) {
    const env = Object.fromEntries(walk.world.settings[party])
    this.#child = fork(program, [], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-4000)
    })
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()))
    const ready = Promise.withResolvers<void>()
    this.#isReady = ready.promise
    // A process that nobody comes to use may end unheard.
    this.#isReady.catch(() => undefined)
    this.#child.on('message', (answer: VerbAnswer) => {
      if (answer.kind === 'ready') ready.resolve()
      else this.#hear(answer)
    })
    void this.#ended.then(() => ready.reject(new Error(`it ended before it was ready: ${this.#said}`)))
    const start: RowProcessStart = {
      party,
      migration: walk.world.migration,
      stateFolder: join(walk.stateFolder, party),
      now: walk.world.worldClock.now(),
    }
    this.#child.send(start)
  }

  /** Throws the verb's fault; or, when it is killed meanwhile, a `Killed`. `onBegan`: the verb has been called. */
  async run<Name extends Verb>(
    verb: Name,
    row: PlanRow,
    facts: Facts,
    onBegan: () => void = () => undefined,
  ): Promise<VerbResults[Name]> {
    await this.#isReady
    return new Promise((resolve, reject) => {
      this.#hear = (answer) => {
        if (answer.kind === 'began') onBegan()
        // The verb's name says which of the five results it is.
        else if (answer.kind === 'ended') resolve(answer.result as VerbResults[Name])
        else if (answer.kind === 'faulted') reject(new Fault(answer.fault.code, { ...answer.fault, details: {} }))
        else if (answer.kind === 'broke') reject(new Error(`${row.id} ${verb}: ${answer.stack}`))
      }
      void this.#ended.then(() => reject(new Killed(`${row.id} ${verb}: the process is gone. ${this.#said}`)))
      const order: VerbOrder = { verb, row, facts }
      this.#child.send(order)
    })
  }

  /** As an outage does it: nothing in it gets to know. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

export class Killed extends Error {}
