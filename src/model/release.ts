/** The 3scale releases that a source may run, oldest first. */
export const releases = ['2.11', '2.12', '2.13', '2.14', '2.15', '2.16'] as const
export type Release = (typeof releases)[number]

/** True when `release` is `than` or a later one. */
export function isAtLeast(release: Release, than: Release): boolean {
  return releases.indexOf(release) >= releases.indexOf(than)
}
