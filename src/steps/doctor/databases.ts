import { compareVersions } from '../../model/migration.ts'
import { releases } from '../../model/release.ts'
import type { DatabaseStanding } from '../../ports/threescale-database.ts'
import { releaseFacts } from '../../threescale/releases.ts'
import { hopsOf } from '../upgrade-3scale.ts'
import { workingDatabase } from '../databases.ts'
import { type Look, noGo, ok, type Patient, type Seen, warning } from './look.ts'

/** Signatures, tokens and leases go by the clock. */
const mostSkewMs = 30_000
/** COPY's newest forms, and what the target is tested with. */
const oldestPostgres = '13'

/** The databases and Redis of all places: whether they are what the plan says, and fit. */
export const databaseLooks: readonly Look[] = [
  {
    place: 'source',
    what: 'system database',
    async examine(patient) {
      const { database, release } = patient.migration.source
      if (database.kind === 'oracle') {
        return noGo(
          'it is on Oracle, which is planned for and cannot be read yet',
          "Move it to MySQL or PostgreSQL by the database's own tools first.",
        )
      }
      const found = await databaseAt(patient, database.url)
      const is = `${found.product} ${found.version}`
      if (found.product !== database.kind && !(found.product === 'mariadb' && database.kind === 'mysql')) {
        return noGo(
          `it is ${is}, and migration.yaml says ${database.kind}`,
          'Correct source.database.kind in migration.yaml.',
        )
      }
      if (found.lastMigration === null) return noGo('it holds no 3scale', 'Correct the URL behind source.database.url.')
      const wanted = releaseFacts[release].lastMigration
      if (found.lastMigration !== wanted) {
        const known = releases.filter((one) => releaseFacts[one].lastMigration === found.lastMigration)
        return noGo(
          `its last migration is ${found.lastMigration} (${known.join(' or ') || 'no release that is known'}), and ${release} has ${wanted}`,
          'Correct source.release in migration.yaml, or finish the upgrade of the source.',
        )
      }
      return ok(`${is}, ${release}: ${found.tenants} tenants, about ${found.rows} rows and ${megabytes(found.bytes)}`)
    },
  },
  clock('source', 'clock of the system database', ({ migration }) => migration.source.database.url),
  redis('source', 'Redis of the backend (storage)', ({ migration }) => migration.source.redis.storage),
  redis('source', 'Redis of the backend (queues)', ({ migration }) => migration.source.redis.queues),
  {
    place: 'migration',
    what: "database of the source's kind",
    madeBy: 'migration-databases',
    async examine(patient) {
      const { migration } = patient
      const found = await databaseAt(patient, migration.migrationCluster.database)
      const isPostgres = found.product === 'postgresql'
      if (isPostgres !== (migration.source.database.kind === 'postgresql')) {
        return noGo(
          `it is ${found.product}, and the source is ${migration.source.database.kind}`,
          'Correct the URL behind migrationCluster.database.',
        )
      }
      return ok(`${found.product} ${found.version}, ${found.tables} tables`)
    },
  },
  {
    place: 'migration',
    what: 'PostgreSQL for 3scale',
    madeBy: 'migration-databases',
    examine: async (patient) => postgresFor(patient, workingDatabase(patient.migration)),
  },
  {
    place: 'migration',
    what: 'Redis of the copy of 3scale',
    madeBy: 'migration-databases',
    async examine(patient) {
      const { version } = await redisAt(patient, patient.migration.migrationCluster.redis)
      return redisFloor(patient, version)
    },
  },
  {
    place: 'destination',
    what: "RHOAM's database",
    madeBy: 'rhoam-install',
    examine: (patient) => postgresFor(patient, patient.migration.destination.database),
  },
  clock('destination', "clock of RHOAM's database", ({ migration }) => migration.destination.database, 'rhoam-install'),
  {
    place: 'destination',
    what: "RHOAM's Redis, and room in it",
    madeBy: 'rhoam-install',
    async examine(patient) {
      const { version, maxBytes, usedBytes } = await redisAt(patient, patient.migration.destination.redis.storage)
      const floor = redisFloor(patient, version)
      if (floor.standing !== 'ok' || maxBytes === 0) return floor
      const needed = await redisAt(patient, patient.migration.source.redis.storage).catch(() => null)
      if (needed !== null && needed.usedBytes > maxBytes) {
        return noGo(
          `it may hold ${megabytes(maxBytes)}, and the source's holds ${megabytes(needed.usedBytes)}`,
          'Have RHOAM make a larger Redis: a higher quota, or a larger node type.',
        )
      }
      return ok(`${version}: ${megabytes(usedBytes)} of ${megabytes(maxBytes)} are in use`)
    },
  },
]

export async function databaseAt({ tools, signal }: Patient, reference: string): Promise<DatabaseStanding> {
  return tools.threescaleDatabase.describe(await tools.database(reference), { signal })
}

export async function redisAt({ tools, signal }: Patient, reference: string) {
  return tools.redisSight.describe(await tools.redisAt(reference), { signal })
}

async function postgresFor(patient: Patient, reference: string): Promise<Seen> {
  const found = await databaseAt(patient, reference)
  if (found.product !== 'postgresql')
    return noGo(`it is ${found.product}`, `Give the URL of a PostgreSQL for ${reference}.`)
  const floors = hopsOf(patient.migration).flatMap(({ needs }) =>
    needs.filter(({ database }) => database === 'postgresql'),
  )
  const floor = [oldestPostgres, ...floors.map(({ atLeast }) => atLeast)].reduce((a, b) =>
    compareVersions(a, b) < 0 ? b : a,
  )
  return compareVersions(found.version, floor) < 0
    ? noGo(`PostgreSQL ${found.version}, and ${floor} is needed`, `Upgrade it to PostgreSQL ${floor} or later.`)
    : ok(`PostgreSQL ${found.version}, ${found.tables} tables`)
}

function redisFloor({ migration }: Patient, version: string): Seen {
  const floors = hopsOf(migration).flatMap(({ needs }) => needs.filter(({ database }) => database.endsWith('-redis')))
  const floor = floors.map(({ atLeast }) => atLeast).reduce((a, b) => (compareVersions(a, b) < 0 ? b : a), '0')
  return compareVersions(version, floor) < 0
    ? noGo(
        `Redis ${version}; 3scale's operator refuses to upgrade with one older than ${floor}`,
        `Upgrade it to ${floor} or later.`,
      )
    : ok(`Redis ${version}`)
}

function redis(place: 'source', what: string, reference: (patient: Patient) => string): Look {
  return {
    place,
    what,
    async examine(patient) {
      const { version, keys, usedBytes, role } = await redisAt(patient, reference(patient))
      if (role === 'slave') return warning(`Redis ${version} is a replica`, 'Give the address of its master.')
      return ok(`Redis ${version}: ${keys} keys, ${megabytes(usedBytes)} in use`)
    },
  }
}

function clock(
  place: 'source' | 'destination',
  what: string,
  reference: (patient: Patient) => string,
  madeBy?: string,
): Look {
  return {
    place,
    what,
    ...(madeBy === undefined ? {} : { madeBy }),
    async examine(patient) {
      if (patient.migration.source.database.kind === 'oracle' && place === 'source') return null
      const { clockMs } = await databaseAt(patient, reference(patient))
      const skewMs = Math.abs(clockMs - patient.clock.now())
      const says = `${Math.round(skewMs / 1000)} s apart from this machine's`
      return skewMs > mostSkewMs ? noGo(says, 'Let both machines take the time from NTP.') : ok(says)
    },
  }
}

export function megabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`
}
