import type { Release } from '../model/release.ts'

export { isAtLeast, releases, type Release } from '../model/release.ts'

/** Major versions of the databases that the operator can bundle; null where only external ones are supported. */
export interface BundledDatabases {
  readonly redis: string | null
  readonly mysql: string | null
  readonly postgresql: string | null
  /** PostgreSQL of zync. */
  readonly zync: string
  readonly memcached: string
}

export interface ReleaseFacts {
  /** The greatest version in `schema_migrations` after the release's own migrations, 14 digits. */
  readonly lastMigration: string
  /** Files in the release's `db/migrate`; each release only adds to those before it. */
  readonly migrations: number
  readonly rails: string
  /** Tables, `schema_migrations` and `ar_internal_metadata` included. */
  readonly tables: number
  /** `<table>_tenant_id` triggers, the same on MySQL and PostgreSQL. */
  readonly triggers: number
  readonly workloadKind: 'DeploymentConfig' | 'Deployment'
  readonly bundled: BundledDatabases
}

/**
 * What is measurable about each release.
 *
 * 2.12 and 2.13 have the same schema: the migrations alone cannot tell one from the other.
 * Source: porta `db/` at tag 3scale-2.11-stable and 3scale-2.12-stable and at the heads of 3scale-2.13-stable to
 * 3scale-2.16-stable, each schema loaded and counted; 3scale-operator `pkg/3scale/amp/component/images.go` at the same
 * names.
 */
export const releaseFacts = {
  '2.11': {
    lastMigration: '20210708100519',
    migrations: 879,
    rails: '5.0.7',
    tables: 89,
    triggers: 75,
    workloadKind: 'DeploymentConfig',
    bundled: { redis: '5', mysql: '5.7', postgresql: '10', zync: '10', memcached: '1.5' },
  },
  '2.12': {
    lastMigration: '20220228215614',
    migrations: 886,
    rails: '5.1.7',
    tables: 90,
    triggers: 76,
    workloadKind: 'DeploymentConfig',
    bundled: { redis: '5', mysql: '8.0', postgresql: '10', zync: '10', memcached: '1.5' },
  },
  '2.13': {
    lastMigration: '20220228215614',
    migrations: 886,
    rails: '5.2.8',
    tables: 90,
    triggers: 76,
    workloadKind: 'DeploymentConfig',
    bundled: { redis: '5', mysql: '8.0', postgresql: '10', zync: '10', memcached: '1.5' },
  },
  '2.14': {
    lastMigration: '20230927012615',
    migrations: 897,
    rails: '6.0.6',
    tables: 89,
    triggers: 76,
    workloadKind: 'DeploymentConfig',
    bundled: { redis: '6', mysql: '8.0', postgresql: '10', zync: '10', memcached: '1.5' },
  },
  '2.15': {
    lastMigration: '20240302090207',
    migrations: 898,
    rails: '6.0.6',
    tables: 89,
    triggers: 76,
    workloadKind: 'Deployment',
    bundled: { redis: '6', mysql: '8.0', postgresql: '10', zync: '10', memcached: '1.5' },
  },
  '2.16': {
    lastMigration: '20241107134140',
    migrations: 903,
    rails: '7.0.8',
    tables: 90,
    triggers: 77,
    workloadKind: 'Deployment',
    bundled: { redis: null, mysql: null, postgresql: null, zync: '15', memcached: '1.5' },
  },
} as const satisfies Record<Release, ReleaseFacts>

/** Whether a 3scale of this release starts only with databases outside its operator. */
export function needsOwnDatabases(release: Release): boolean {
  const { mysql, postgresql }: BundledDatabases = releaseFacts[release].bundled
  return mysql === null && postgresql === null
}
