import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { systemClock } from '../../src/base/clock.ts'
import { never } from '../../src/base/never.ts'
import { controlPlaneAccess } from '../../src/app/control-plane.ts'
import type { Child } from './child.ts'
import { type Stage, startAgent, startControlPlane, startEngineProcess } from './engine-programs.ts'

/** In the order in which they are killed; `people`: the process that starts a migration and approves. */
export const engineVictims = ['control-plane', 'worker', 'agent', 'postgres', 'people'] as const
export type EngineVictim = (typeof engineVictims)[number]

const agentParties = ['customer', 'bu-srep'] as const

/**
 * All processes of an engine on one machine, each started again when it was killed: two workers, the control plane, the
 * agents of two parties, and the people who start a migration and approve. Whoever comes first starts the PostgreSQL.
 */
export class KillCrew {
  readonly #stage: Stage
  readonly #workers: Child[] = []
  readonly #agents: Child[] = []
  readonly #tokens: string[] = []
  #controlPlane: Child | undefined
  #people: Child | undefined
  #isDone = false
  #whenDone: (() => void) | undefined

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Whether the people's migration is done. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** The last lines of everybody, for a message. */
  lastWords(): string {
    const all = [this.#controlPlane, ...this.#workers, ...this.#agents, this.#people]
    return all.map((each) => each?.lines.slice(-30).join('\n') ?? '').join('\n---\n')
  }

  /** Returns once everybody is ready. */
  async begin(): Promise<void> {
    this.#tokens.push(...(await makeTokens(this.#stage.state)))
    this.#controlPlane = startControlPlane(this.#stage)
    await this.#controlPlane.said((line) => line.startsWith('Serving at'))
    for (const at of [0, 1]) {
      await this.#startWorker(at).said((line) => line === 'ready')
      await this.#startAgent(at).said((line) => line.includes('"ready"'))
    }
  }

  /** Has a migration started; resolves when the people say that it is done, whichever of their lives says so. */
  migrate(migration: string): Promise<void> {
    this.#isDone = false
    this.#startPeople(migration)
    return new Promise((resolve) => {
      this.#whenDone = resolve
    })
  }

  /** Kills one of them, the workers and the agents by turns, and starts it again. `n`: how many kills there were. */
  async kill(victim: EngineVictim, n: number, migration: string): Promise<void> {
    const at = Math.floor(n / engineVictims.length) % 2
    switch (victim) {
      case 'control-plane':
        await this.#controlPlane?.signal('SIGKILL')
        this.#controlPlane = startControlPlane(this.#stage)
        return
      case 'worker':
        await this.#workers[at]?.signal('SIGKILL')
        this.#startWorker(at)
        return
      case 'agent':
        await this.#agents[at]?.signal('SIGKILL')
        this.#startAgent(at)
        return
      case 'postgres':
        killPostgres(this.#stage.state)
        return
      case 'people':
        await this.#people?.signal('SIGKILL')
        if (!this.#isDone) this.#startPeople(migration)
        return
      default:
        never(victim)
    }
  }

  async end(): Promise<void> {
    const all = [this.#people, ...this.#agents, ...this.#workers, this.#controlPlane]
    await Promise.all(all.map(async (each) => each?.signal('SIGKILL')))
  }

  #startWorker(at: number): Child {
    const worker = startEngineProcess('worker', `w${at}`, this.#stage)
    this.#workers[at] = worker
    return worker
  }

  #startAgent(at: number): Child {
    const agent = startAgent(agentParties[at] ?? 'customer', this.#tokens[at] ?? '', this.#stage)
    this.#agents[at] = agent
    return agent
  }

  #startPeople(migration: string): void {
    const people = startEngineProcess('people', migration, this.#stage)
    this.#people = people
    void this.#untilDone(people)
  }

  /** Never rejects: people who are killed before they say so are followed by the next ones. */
  async #untilDone(people: Child): Promise<void> {
    const isDone = await people
      .said((line) => line === 'done')
      .then(
        () => true,
        () => false,
      )
    if (!isDone) return
    this.#isDone = true
    this.#whenDone?.()
  }
}

/** A token for each party's agent, good for all migrations. Makes the control plane's database. */
async function makeTokens(state: string): Promise<readonly string[]> {
  const env = (name: string) => (name === 'THREESHIFT_STATE_DIR' ? state : undefined)
  const access = controlPlaneAccess({ env, cwd: state, clock: systemClock, steps: new Map() })
  const store = await access.open({ onNote: () => undefined, signal: new AbortController().signal })
  try {
    const tokens: string[] = []
    for (const party of agentParties) {
      const { token } = await store.tokens.create({ party, role: 'agent', name: 'box', migrations: null })
      tokens.push(token.reveal('an agent of the test'))
    }
    return tokens
  } finally {
    await store.close()
  }
}

function killPostgres(state: string): void {
  const pid = Number(readFileSync(join(state, 'postgres', 'server.pid'), 'utf8'))
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just gone with the process that had started it.
  }
}
