import type { Migration } from '../model/migration.ts'
import type { Release, RhoamBuild } from '../model/release.ts'
import { type Hop, hopsBetween } from '../threescale/hops.ts'
import { rhoamFacts } from '../threescale/rhoam.ts'

/** The 3scale release that a version of RHOAM runs; undefined when that is not on file. */
export function releaseOfRhoam(rhoamVersion: string): Release | undefined {
  return rhoamFacts(rhoamVersion)?.release
}

/** The build that 3scale has at the destination: RHOAM's own one where it has one, else the release itself. */
export function destinationBuild({ destination }: Migration): RhoamBuild {
  const known = rhoamFacts(destination.rhoamVersion)
  return known?.release === destination.threescaleRelease ? known.build : destination.threescaleRelease
}

/** The hops from the source's release to that build; null when none are on file that lead there. */
export function hopsToBuild(migration: Migration): readonly Hop[] | null {
  return hopsBetween(migration.source.release, destinationBuild(migration))
}

/** The hops that the plan makes: to RHOAM's build, or to its release where no hops lead to the build. */
export function plannedHops(migration: Migration): readonly Hop[] {
  const { source, destination } = migration
  return hopsToBuild(migration) ?? hopsBetween(source.release, destination.threescaleRelease) ?? []
}
