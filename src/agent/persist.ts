import { sleep } from '../base/abort.ts'
import { Unreachable } from './control-client.ts'
import type { AgentEvent } from './events.ts'

const firstDelayMs = 250
const longestDelayMs = 10_000

/**
 * Makes a call again and again until the control plane answers it, waiting longer each time.
 *
 * Abort: throws the reason. All other failures of `call` are thrown as they are.
 */
export async function persist<Result>(
  call: () => Promise<Result>,
  { signal, onEvent }: { readonly signal: AbortSignal; readonly onEvent: (event: AgentEvent) => void },
): Promise<Result> {
  let isLost = false
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(2 * delayMs, longestDelayMs)) {
    try {
      const result = await call()
      if (isLost) onEvent({ kind: 'back' })
      return result
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      if (!isLost) onEvent({ kind: 'lost', reason: error.message })
      isLost = true
    }
    await sleep(delayMs, signal)
  }
}
