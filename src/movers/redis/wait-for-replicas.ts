import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { info } from './target.ts'

/**
 * Waits until the target's replicas have everything that this connection wrote, at most so many milliseconds.
 *
 * Out: a note for the report when some have not said so; nothing when all have, there are none, or INFO is refused. A
 * copy whose replicas are behind is whole all the same: they have it after a while, unless the primary fails before. So
 * nothing here is a failure, not even a connection that ends.
 */
export async function waitForReplicas(pipe: RespPipe, waitMs = 10_000): Promise<readonly string[]> {
  try {
    const replicas = Number((await info(pipe)).get('connected_slaves') ?? 0)
    if (!(replicas > 0)) return []
    const reply = await pipe.call('WAIT', String(replicas), String(waitMs))
    if (typeof reply !== 'number') return [unknown]
    return reply >= replicas
      ? []
      : [`${reply} of the target's ${replicas} replicas have everything so far: wait for the others before a fail-over`]
  } catch {
    return [unknown]
  }
}

const unknown = "whether the target's replicas have everything is not known: it did not answer WAIT"
