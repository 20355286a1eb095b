import { sleep } from '../../base/abort.ts'
import { Fault } from '../../base/fault.ts'
import { never } from '../../base/never.ts'
import type { CloudCall } from '../../ports/cloud.ts'
import type { MadeThing } from '../../ports/ledger.ts'
import { nameOf } from './ensure.ts'
import { fault } from './faults.ts'
import { type AwsSession, mayHelp } from './session.ts'

/** What one look has shown. `state` is the service's own word. */
export type Seen<Found> =
  | { readonly kind: 'ready'; readonly found: Found }
  | { readonly kind: 'not-yet'; readonly state: string }
  | { readonly kind: 'failed'; readonly state: string }

/**
 * Looks until it is ready, at the session's pace; a look that was throttled or not answered is only one more to come.
 *
 * Faults: CLOUD_FAILED_STATE; CLOUD_STUCK after `longestMs` with the last state. Abort: throws the reason.
 */
export async function waitFor<Found>(
  session: AwsSession,
  thing: MadeThing,
  { look, longestMs }: { readonly look: () => Promise<Seen<Found>>; readonly longestMs: number },
  call: CloudCall,
): Promise<Found> {
  const began = session.clock.elapsedMs()
  const limit = session.pace.longestWaitMs ?? longestMs
  let state = 'not seen yet'
  for (;;) {
    const seen = await look().catch((error: unknown) => {
      if (error instanceof Fault && mayHelp(error)) return { kind: 'not-yet' as const, state }
      throw error
    })
    const waitedMs = session.clock.elapsedMs() - began
    switch (seen.kind) {
      case 'ready':
        return seen.found
      case 'failed':
        throw fault('CLOUD_FAILED_STATE', { what: nameOf(thing), state: seen.state })
      case 'not-yet':
        state = seen.state
        call.onProgress?.({ thing, state, waitedMs })
        if (waitedMs > limit) {
          throw fault('CLOUD_STUCK', { what: nameOf(thing), state, minutes: Math.round(limit / 60_000) })
        }
        await sleep(session.pace.lookEveryMs, call.signal)
        break
      default:
        never(seen)
    }
  }
}

/** Ready when the state is `ready`, failed when it is one that nothing leaves by itself. */
export function byState<Found>(found: Found, state: string | undefined, ready: string): Seen<Found> {
  if (state === ready) return { kind: 'ready', found }
  const said = state ?? 'no state'
  return hopeless.test(said) ? { kind: 'failed', state: said } : { kind: 'not-yet', state: said }
}

const hopeless =
  /^(?:failed|create-failed|restore-failed|restore-error|rejected|expired|deleted|storage-full|inaccessible-encryption-credentials|insufficient-capacity)$|^incompatible-/
