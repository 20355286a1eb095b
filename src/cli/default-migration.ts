import type { EpochMs } from '../base/clock.ts'
import { type MigrationInput, migrationSchema } from '../model/migration.ts'

const dayMs = 86_400_000

/** A complete migration to begin with: it fits the world that a rehearsal makes. The window is a Saturday to come. */
export function defaultMigration(now: EpochMs): MigrationInput {
  return migrationSchema.parse({
    version: 1,
    name: 'rehearsal',
    accessLevel: 'limited',
    source: {
      release: '2.13',
      wildcardDomain: 'apps.old-cluster.example.com',
      database: { kind: 'mysql', version: '5.7' },
    },
    migrationCluster: { wildcardDomain: 'apps.migration.example.com' },
    destination: {
      rhoamVersion: '1.45',
      threescaleRelease: '2.16',
      wildcardDomain: 'apps.new-cluster.example.com',
      aws: { region: 'eu-west-1', accountId: '123456789012' },
    },
    window: { start: saturdayNight(now), limit: '4h' },
    contacts: {
      customer: 'platform team, platform@example.com',
      'rhoam-eng': 'migration desk, desk@example.com',
      'bu-srep': 'SRE on call, sre@example.com',
    },
  } satisfies MigrationInput)
}

/** 22:00 UTC of the first Saturday that is at least a week away. */
function saturdayNight(now: EpochMs): string {
  const soonest = new Date(now + 7 * dayMs)
  const saturday = new Date(soonest.getTime() + ((6 - soonest.getUTCDay() + 7) % 7) * dayMs)
  return `${saturday.toISOString().slice(0, 10)}T22:00:00Z`
}
