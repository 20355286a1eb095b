import { setTimeout } from 'node:timers/promises'

/**
 * Waits for `work`, but no longer than until `signal` aborts, and then throws its reason.
 *
 * It only stops waiting: whoever started the work ends it, for instance by closing its connection.
 */
export async function untilAborted<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work(), aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Waits so many milliseconds. Abort: throws the signal's own reason, which the timer's error would hide. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
}

/** Waits so many milliseconds, or until `signal` aborts: whoever waits looks at it anyway. Never throws. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined)
}
