import type { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import { reportedVerb } from '../evidence/reported-verb.ts'
import type { SigningKey } from '../evidence/signing-key.ts'
import type { JsonObject } from '../model/json.ts'
import type { Party } from '../model/party.ts'
import type { VerbOutcome, VerbRunner } from '../ports/verb-runner.ts'
import { leaseAnswer, longestWaitMs, statusAnswer } from '../server/api.ts'
import type { ControlClient } from './control-client.ts'
import type { AgentEvent } from './events.ts'
import { fault } from './faults.ts'
import { keepAlive } from './heartbeat.ts'
import { persist } from './persist.ts'

export interface AgentOptions {
  readonly client: ControlClient
  readonly party: Party
  /** Runs the party's verbs on this machine, with the party's own credentials. */
  readonly runner: VerbRunner
  /** The party's signing key as it is now: asked for before each statement, for it may have been rotated. */
  readonly key: () => Promise<SigningKey>
  readonly clock: Clock
  readonly onEvent: (event: AgentEvent) => void
  /** Aborted with a `Stop`: the running verb ends its batch, its lease is given back, and `runAgent` returns. */
  readonly signal: AbortSignal
}

type Lease = z.output<typeof leaseAnswer>

/**
 * Works for a party until it is stopped: leases one verb after the other, runs it, and reports its outcome with the
 * party's signature. A connection that is lost is waited for.
 *
 * Killed at any moment, it leaves a lease that runs out; what it did is looked at again by whoever leases next.
 * Faults: AGENT_WRONG_PARTY, AGENT_SERVER_UNTRUSTED, and what the control plane refuses for good.
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { client, party, clock, onEvent, signal } = options
  try {
    const presented = new PresentedKey(options)
    const hello = await persist(() => client.call('GET', '/v1/status', { answer: statusAnswer, signal }), options)
    if (hello === null || hello.party !== party) {
      throw fault('AGENT_WRONG_PARTY', { party, tokenParty: hello?.party ?? 'nobody' })
    }
    onEvent({ kind: 'ready', party, name: hello.name, key: (await presented.current(signal)).id })
    for (;;) {
      let sinceMs = clock.elapsedMs()
      const leased = await persist(() => {
        sinceMs = clock.elapsedMs()
        return client.call('POST', '/v1/lease', { body: { waitMs: longestWaitMs }, answer: leaseAnswer, signal })
      }, options)
      if (leased !== null) await carryOut(leased, hello.name, presented, sinceMs, options)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** The key in use, and that the control plane knows it. */
class PresentedKey {
  readonly #options: AgentOptions
  #known: string | null = null

  constructor(options: AgentOptions) {
    this.#options = options
  }

  async current(signal: AbortSignal): Promise<SigningKey> {
    const { client, onEvent } = this.#options
    const key = await this.#options.key()
    if (key.id !== this.#known) {
      const body = { lineage: key.lineage }
      await persist(() => client.call('POST', '/v1/keys', { body, signal }), { signal, onEvent })
      this.#known = key.id
    }
    return key
  }
}

async function carryOut(
  leased: Lease,
  name: string,
  presented: PresentedKey,
  sinceMs: number,
  options: AgentOptions,
): Promise<void> {
  const { client, party, runner, clock, onEvent, signal } = options
  const { id, lease, leaseMs, seen } = leased
  const { verb, generation, fence, migration, row } = leased.task
  const named = { migration: migration.name, row: row.id, verb }
  const startedMs = clock.elapsedMs()
  const heartbeat = keepAlive({ client, id, lease, leaseMs, sinceMs, elapsedMs: () => clock.elapsedMs() })
  const working = AbortSignal.any([signal, heartbeat.lost])
  try {
    onEvent({ kind: 'verb-began', ...named, fence })
    const outcome = await runner.run(leased.task, {
      signal: working,
      onProgress: (progress) => heartbeat.note(progress),
    })
    heartbeat.lost.throwIfAborted()
    // From here on it is said until it is heard, also while this agent is being stopped: the work is done.
    const key = await presented.current(heartbeat.lost)
    const tookMs = Math.round(clock.elapsedMs() - startedMs)
    const statement = reportedVerb(
      { id, migration: migration.name, row: row.id, verb, generation, outcome: asJson(outcome), tookMs },
      { party, actor: name, at: clock.now(), seen },
    )
    const body = { id, lease, outcome, statement, signature: key.sign('statement', statement) }
    await persist(() => client.call('POST', '/v1/complete', { body, signal: heartbeat.lost }), {
      signal: heartbeat.lost,
      onEvent,
    })
    onEvent({ kind: outcome.kind === 'ended' ? 'verb-ended' : 'verb-faulted', ...named, tookMs })
  } catch (error) {
    const isLost = heartbeat.lost.aborted || (error instanceof Fault && error.code === 'AGENT_LEASE_LOST')
    if (!isLost && !signal.aborted) throw error
    if (isLost) onEvent({ kind: 'lease-lost', ...named })
    else await giveBack(client, id, lease)
  } finally {
    await heartbeat.stop()
  }
}

/** Lets somebody else go on at once. When it cannot be said, the lease runs out by itself. */
async function giveBack(client: ControlClient, id: string, lease: string): Promise<void> {
  const signal = AbortSignal.timeout(5000)
  await client.call('POST', '/v1/release', { body: { id, lease }, signal }).catch(() => undefined)
}

/** An outcome is JSON by its port's promise; its type has no index signature. */
function asJson(outcome: VerbOutcome): JsonObject {
  return outcome as unknown as JsonObject
}
