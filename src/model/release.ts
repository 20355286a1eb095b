/** The 3scale releases that a source may run, oldest first. */
export const releases = ['2.11', '2.12', '2.13', '2.14', '2.15', '2.16'] as const
export type Release = (typeof releases)[number]

/** What an operator makes of an installation: a release, or RHOAM's build that is based on 2.13. */
export type OperatorBuild = Release | '2.13-mas'
/** What RHOAM runs: it had builds of its own to which no hop is known. */
export type RhoamBuild = OperatorBuild | '2.12-mas' | '2.15-mas'

/** True when `release` is `than` or a later one. */
export function isAtLeast(release: Release, than: Release): boolean {
  return releases.indexOf(release) >= releases.indexOf(than)
}
