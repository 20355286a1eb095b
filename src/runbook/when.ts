import { never } from '../base/never.ts'
import { compareVersions, type DatabaseKind, type Migration } from '../model/migration.ts'
import type { AccessLevel } from '../model/party.ts'
import { destinationBuild, hopsToBuild, plannedHops, releaseOfRhoam } from './destination-build.ts'

/** A condition on a migration, as data, so that a plan can say why a row is not in it. */
export type When =
  | { readonly kind: 'access-level'; readonly is: readonly AccessLevel[] }
  | { readonly kind: 'source-engine'; readonly is: readonly DatabaseKind[] }
  | { readonly kind: 'source-engine-before'; readonly engine: DatabaseKind; readonly version: string }
  | { readonly kind: 'file-storage'; readonly is: readonly Migration['source']['fileStorage'][] }
  | { readonly kind: 'custom-domain' }
  | { readonly kind: 'upgrade-needed' }
  | { readonly kind: 'rhoam-unknown' }
  | { readonly kind: 'build-without-hops' }

/** Null when `when` holds for `migration`, else the reason why it does not, as a sentence without its full stop. */
export function whyNot(when: When, migration: Migration): string | null {
  const { kind, version } = migration.source.database
  const { rhoamVersion } = migration.destination
  switch (when.kind) {
    case 'access-level':
      return when.is.includes(migration.accessLevel)
        ? null
        : `the access level is ${migration.accessLevel}; needed only with ${when.is.join(' or ')}`
    case 'source-engine':
      return when.is.includes(kind) ? null : `the source database is ${kind}; needed only for ${when.is.join(', ')}`
    case 'source-engine-before':
      return kind === when.engine && compareVersions(version, when.version) < 0
        ? null
        : `the source database is ${kind} ${version}; needed only for ${when.engine} before ${when.version}`
    case 'file-storage': {
      const { fileStorage } = migration.source
      if (when.is.includes(fileStorage)) return null
      return fileStorage === 'none' ? 'the source has no files' : `the files of the source are in its ${fileStorage}`
    }
    case 'custom-domain':
      return migration.destination.customDomain === undefined ? 'the destination has no custom domain' : null
    case 'upgrade-needed':
      return plannedHops(migration).length === 0
        ? `source and destination both run 3scale ${migration.source.release}`
        : null
    case 'rhoam-unknown':
      return releaseOfRhoam(rhoamVersion) === undefined ? null : `which 3scale RHOAM ${rhoamVersion} runs is on file`
    case 'build-without-hops':
      return hopsToBuild(migration) === null ? null : `there are hops to ${destinationBuild(migration)}`
    default:
      return never(when)
  }
}
