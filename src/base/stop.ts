/** Why work ends before it is finished. Stopping is not failing: an abort signal's reason is a `Stop`. */
export class Stop extends Error {
  override readonly name = 'Stop'
  readonly why: 'operator' | 'deadline' | 'sibling-failed' | 'shutdown'

  constructor(why: Stop['why']) {
    super(`stopped: ${why}`)
    this.why = why
  }
}
