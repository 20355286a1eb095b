import { compareVersions } from '../model/migration.ts'
import type { Release, RhoamBuild } from '../model/release.ts'

/** Which 3scale a range of RHOAM versions installs, both ends included. */
export interface RhoamFacts {
  readonly since: string
  readonly until: string
  readonly release: Release
  /** The operator's build; RHOAM had its own ones, from the channel threescale-mas, between 1.28 and 1.41. */
  readonly build: RhoamBuild
}

/**
 * What is known of RHOAM's versions, oldest first. Between the ranges are versions that were not looked at.
 *
 * There was never a RHOAM with 2.14. Source: integreatly-operator `api/v1alpha1/rhmi_types.go` and
 * `products/installation.yaml`, at rhoam-v1.20 to rhoam-v1.44 and, for 1.45, at the head of its main branch.
 */
export const rhoamVersions = [
  { since: '1.20', until: '1.20', release: '2.11', build: '2.11' },
  { since: '1.25', until: '1.25', release: '2.12', build: '2.12' },
  { since: '1.28', until: '1.30', release: '2.12', build: '2.12-mas' },
  { since: '1.33', until: '1.40', release: '2.13', build: '2.13-mas' },
  { since: '1.41', until: '1.41', release: '2.15', build: '2.15-mas' },
  { since: '1.42', until: '1.43', release: '2.15', build: '2.15' },
  { since: '1.44', until: '1.45', release: '2.16', build: '2.16' },
] as const satisfies readonly RhoamFacts[]

/** What a version such as 1.45 or 1.40.2 installs; undefined for one that is not in the table, such as a newer one. */
export function rhoamFacts(version: string): RhoamFacts | undefined {
  const minor = version.split('.').slice(0, 2).join('.')
  return rhoamVersions.find(
    ({ since, until }) => compareVersions(since, minor) <= 0 && compareVersions(minor, until) <= 0,
  )
}
