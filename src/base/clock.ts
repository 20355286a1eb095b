/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number & { readonly __unit: 'EpochMs' }

/** The only source of time outside tests: wall time for records, `elapsedMs` (monotonic) for durations. */
export interface Clock {
  now(): EpochMs
  elapsedMs(): number
}

export const systemClock: Clock = {
  // Branding is the one thing that a cast is for.
  now: () => Date.now() as EpochMs,
  elapsedMs: () => performance.now(),
}
