import { type DatabaseKind, type Migration, migrationSchema } from '../../src/model/migration.ts'
import type { AccessLevel } from '../../src/model/party.ts'
import type { Release } from '../../src/model/release.ts'

export interface MigrationTraits {
  readonly accessLevel?: AccessLevel
  readonly release?: Release
  readonly destinationRelease?: Release
  readonly rhoamVersion?: string
  readonly databaseKind?: DatabaseKind
  readonly databaseVersion?: string
  readonly customDomain?: string
  readonly fileStorage?: Migration['source']['fileStorage']
}

/** A valid migration with the traits that a test is about; everything else is the same in all tests. */
export function migrationWith(traits: MigrationTraits = {}): Migration {
  return migrationSchema.parse({
    version: 1,
    name: 'acme',
    accessLevel: traits.accessLevel ?? 'limited',
    source: {
      release: traits.release ?? '2.13',
      wildcardDomain: 'apps.old.example.com',
      database: { kind: traits.databaseKind ?? 'mysql', version: traits.databaseVersion ?? '5.7' },
      ...(traits.fileStorage === undefined ? {} : { fileStorage: traits.fileStorage }),
    },
    migrationCluster: { wildcardDomain: 'apps.migration.example.com' },
    destination: {
      rhoamVersion: traits.rhoamVersion ?? '1.45',
      threescaleRelease: traits.destinationRelease ?? '2.16',
      wildcardDomain: 'apps.new.example.com',
      ...(traits.customDomain === undefined ? {} : { customDomain: traits.customDomain }),
    },
    window: { start: '2026-12-05T22:00:00+01:00', limit: '4h' },
  })
}
