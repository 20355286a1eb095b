import { isAtLeast, type Release } from '../model/release.ts'

/** The releases in which something holds, both ends included; an absent end is open. */
export interface ReleaseRange {
  readonly since?: Release
  readonly until?: Release
}

/** True when `release` lies in `range`. */
export function holdsIn(range: ReleaseRange, release: Release): boolean {
  return (
    (range.since === undefined || isAtLeast(release, range.since)) &&
    (range.until === undefined || isAtLeast(range.until, release))
  )
}
