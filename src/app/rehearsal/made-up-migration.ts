import { type DatabaseKind, type Migration, type MigrationInput, migrationSchema } from '../../model/migration.ts'
import type { AccessLevel } from '../../model/party.ts'
import type { Release } from '../../model/release.ts'
import { wildcardDomain } from '../../simulator/source-world/outline.ts'
import { rhoamFacts } from '../../threescale/rhoam.ts'

/** What a rehearsal can put up as the source's database; MariaDB stands in for MySQL. */
export type RehearsalDatabase = Exclude<DatabaseKind, 'oracle'>

/** What a rehearsal's migration is made of. */
export interface RehearsedMigration {
  readonly accessLevel: AccessLevel
  readonly release: Release
  /** The engine of the source's system database. */
  readonly database: RehearsalDatabase
  readonly rhoamVersion: string
  /** Absent: RHOAM is installed below the cluster's own domain. */
  readonly customDomain?: string
  /** What the source's first tenant is called; absent: 3scale, as the operator calls its own. */
  readonly firstTenant?: string
  /** Where the source keeps its files; absent: in a bucket. */
  readonly fileStorage?: Migration['source']['fileStorage']
  /** How RHOAM's Redis is restored; absent: the mover writes into it. */
  readonly restoredBy?: Migration['destination']['redis']['restoredBy']
}

/** The world's places, the same in every rehearsal. */
export const region = 'eu-west-1'
export const sourceNamespace = '3scale'
export const accounts = { migration: '210987654321', destination: '123456789012' } as const
export const domains = {
  source: wildcardDomain,
  migration: 'apps.migration.example.com',
  destination: 'apps.destination.example.com',
} as const

/** RHOAM takes a tenant of this name for its own. */
export const operatorsTenant = '3scale'

/** The `migration.yaml` of a rehearsal's world. */
export function madeUpMigration(rehearsed: RehearsedMigration): Migration {
  const { accessLevel, release, database, rhoamVersion, customDomain, firstTenant, restoredBy } = rehearsed
  const { fileStorage = 's3' } = rehearsed
  const migration: MigrationInput = {
    version: 1,
    name: 'rehearsal',
    accessLevel,
    source: {
      release,
      namespace: sourceNamespace,
      wildcardDomain: domains.source,
      database: { kind: database, version: versionOf(database, release) },
      fileStorage,
    },
    migrationCluster: { wildcardDomain: domains.migration, aws: { region, accountId: accounts.migration } },
    destination: {
      rhoamVersion,
      threescaleRelease: rhoamFacts(rhoamVersion)?.release ?? release,
      wildcardDomain: domains.destination,
      ...(customDomain === undefined ? {} : { customDomain }),
      ...(restoredBy === undefined ? {} : { redis: { restoredBy } }),
      aws: { region, accountId: accounts.destination },
      // The tenants have sender addresses, as most installations' have.
      accepted: { tenantNamed3scale: (firstTenant ?? operatorsTenant) === operatorsTenant, senderAddresses: true },
    },
  }
  return migrationSchema.parse(migration)
}

/** Of what each kind is taken for; 2.11 was the last release on MySQL 5.7. */
function versionOf(database: RehearsalDatabase, release: Release): string {
  if (database === 'mysql') return release === '2.11' ? '5.7' : '8.0'
  return database === 'mariadb' ? '10.11' : '15'
}
