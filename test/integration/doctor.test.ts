import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { openRehearsalWorld, type RehearsalWorld } from '../../src/app/rehearsal/world.ts'
import { openTools } from '../../src/app/tools.ts'
import { type EpochMs, systemClock } from '../../src/base/clock.ts'
import type { Migration } from '../../src/model/migration.ts'
import type { Party } from '../../src/model/party.ts'
import type { Diagnosis, Examination } from '../../src/ports/doctor.ts'
import { withSql } from '../../src/simulator/controllers/database/sql-session.ts'
import { databaseUrl } from '../../src/model/render-url.ts'
import { doctor } from '../../src/steps/doctor/doctor.ts'
import { quickTiming } from '../support/clusters.ts'
import { motoPrograms } from '../support/moto.ts'
import { temporaryFolder } from '../support/servers.ts'
import { systemPostgresPrograms } from '../support/system-postgres.ts'

const { signal } = new AbortController()
const dir = temporaryFolder()
let world: RehearsalWorld

before(async () => {
  world = await openRehearsalWorld({
    dir: join(dir, 'world'),
    accessLevel: 'limited',
    database: 'mariadb',
    release: '2.13',
    rhoamVersion: '1.45',
    tenants: 3,
    scale: 0.01,
    seed: 7,
    speed: 200,
    path: process.env.PATH ?? '',
    clock: systemClock,
    motoPrograms,
    postgresPrograms: systemPostgresPrograms(),
    signal,
  })
})
after(async () => {
  await world?.close()
  rmSync(dir, { recursive: true, force: true })
})

interface Circumstances {
  readonly migration?: (migration: Migration) => Migration
  readonly settings?: Readonly<Record<string, string>>
  readonly values?: boolean
  readonly clockAheadMs?: number
}

async function examine(party: Party, circumstances: Circumstances = {}): Promise<Examination> {
  const { migration = (same) => same, settings = {}, values = false, clockAheadMs = 0 } = circumstances
  const own = world.settings[party]
  const clock = {
    ...systemClock,
    // Branding is what the cast is for.
    now: () => (systemClock.now() + clockAheadMs) as EpochMs,
  }
  const made = doctor(
    (migration, party) =>
      openTools({
        party,
        migration,
        context: { env: (name) => settings[name] ?? own.get(name), cwd: dir, signal },
        stateFolder: join(dir, 'state', party),
        clock: world.worldClock,
        pace: { openshift: quickTiming },
      }),
    clock,
  )
  const said: Diagnosis[] = []
  const examination = await made.examine({
    migration: migration(world.migration),
    party,
    values,
    onFinding: (finding) => said.push(finding),
    signal,
  })
  assert.deepEqual(said, examination.findings)
  for (const { standing, fix, what } of examination.findings) {
    assert.equal(fix !== null, standing !== 'ok' && standing !== 'unseen', `${what}: ${standing}`)
  }
  return examination
}

function found({ findings }: Examination, place: string, what: string): Diagnosis {
  const finding = findings.find((one) => one.place === place && one.what === what)
  assert.ok(finding, `${place}: ${what} was looked at; there are ${findings.map(({ what }) => what).join(', ')}`)
  return finding
}

const withSource =
  (changes: Partial<Migration['source']>) =>
  (migration: Migration): Migration => ({ ...migration, source: { ...migration.source, ...changes } })

function writes() {
  return Object.values(world.clusters).flatMap(({ cluster }) =>
    cluster.journal
      .entries()
      .filter(
        ({ user, verb, resource }) =>
          /customer|rhoam|srep/.test(user) && !/^(?:get|list|watch)$/.test(verb) && !resource.startsWith('selfsubject'),
      )
      .map(({ verb, resource }) => `${verb} ${resource}`),
  )
}

test('the customer sees its own places sound, what RHOAM has yet to make, and nothing of the vendor’s; nothing is changed', async () => {
  const before = writes()
  const examination = await examine('customer', { values: true })
  const standings = (place: string) =>
    Object.fromEntries(
      examination.findings.filter((one) => one.place === place).map(({ what, standing }) => [what, standing]),
    )
  assert.equal(
    examination.verdict,
    'go',
    JSON.stringify(examination.findings.filter(({ standing }) => standing === 'no-go')),
  )
  assert.deepEqual(standings('source'), {
    'system database': 'ok',
    'clock of the system database': 'ok',
    'Redis of the backend (storage)': 'ok',
    'Redis of the backend (queues)': 'ok',
    cluster: 'ok',
    rights: 'ok',
    '3scale in its namespace': 'ok',
    'portals: DNS, TLS, and an answer': 'ok',
    'tenants that RHOAM would take for its own': 'warning',
    "tenants' sender addresses": 'warning',
    'access tokens of the tenants': 'ok',
    'values that PostgreSQL cannot store': 'ok',
  })
  assert.ok(Object.values(standings('migration')).every((standing) => standing === 'unseen'))
  assert.equal(standings('destination')['RHOAM, and no other 3scale in its way'], 'warning')
  assert.equal(standings('destination')['AWS account'], 'ok')
  assert.ok(
    examination.size !== null && examination.size.rows > 0 && examination.size.bytes > 0 && examination.size.keys > 0,
  )
  assert.deepEqual(writes(), before)
})

test('the vendor sees the migration cluster, not the source, and that its rights are not granted yet', async () => {
  const examination = await examine('rhoam-eng')
  const of = (place: string) => examination.findings.filter((one) => one.place === place)
  assert.ok(of('source').every(({ standing }) => standing === 'unseen'))
  assert.ok(
    of('migration').every(({ standing }) => standing === 'ok'),
    JSON.stringify(of('migration')),
  )
  assert.equal(examination.size, null)
  const rights = found(examination, 'destination', 'rights')
  assert.equal(rights.standing, 'no-go')
  assert.match(rights.fix ?? '', /access-granted/)
  assert.equal(examination.verdict, 'no-go')
})

/** What is wrong, and where it is found. */
const wrongs: readonly (readonly [
  what: string,
  party: Party,
  circumstances: Circumstances,
  place: string,
  finding: string,
  standing: Diagnosis['standing'],
  says: RegExp,
])[] = [
  [
    'another release',
    'customer',
    { migration: withSource({ release: '2.14' }) },
    'source',
    'system database',
    'no-go',
    /2\.13/,
  ],
  [
    'another release',
    'customer',
    { migration: withSource({ release: '2.14' }) },
    'source',
    '3scale in its namespace',
    'no-go',
    /2\.13/,
  ],
  [
    'another engine',
    'customer',
    { migration: withSource({ database: { kind: 'postgresql', version: '13', url: 'env:SOURCE_DATABASE_URL' } }) },
    'source',
    'system database',
    'no-go',
    /mariadb/,
  ],
  [
    'Oracle',
    'customer',
    { migration: withSource({ database: { kind: 'oracle', version: '19', url: 'env:SOURCE_DATABASE_URL' } }) },
    'source',
    'system database',
    'no-go',
    /Oracle/,
  ],
  [
    'another domain',
    'customer',
    { migration: withSource({ wildcardDomain: 'apps.other.example.com' }) },
    'source',
    '3scale in its namespace',
    'no-go',
    /wildcard domain/,
  ],
  [
    'another namespace',
    'customer',
    { migration: withSource({ namespace: 'elsewhere' }) },
    'source',
    '3scale in its namespace',
    'no-go',
    /no 3scale/,
  ],
  [
    'a tenant named 3scale and sender addresses that nobody has decided on',
    'customer',
    {
      migration: (m) => ({
        ...m,
        destination: { ...m.destination, accepted: { tenantNamed3scale: false, senderAddresses: false } },
      }),
    },
    'source',
    'tenants that RHOAM would take for its own',
    'decision',
    /deletes its users/,
  ],
  [
    'sender addresses that nobody has decided on',
    'customer',
    {
      migration: (m) => ({
        ...m,
        destination: { ...m.destination, accepted: { tenantNamed3scale: true, senderAddresses: false } },
      }),
    },
    'source',
    "tenants' sender addresses",
    'decision',
    /overwrites/,
  ],
  [
    'the credentials of another account',
    'customer',
    {
      migration: (m) => ({
        ...m,
        destination: { ...m.destination, aws: { region: 'eu-west-1', accountId: '999999999999' } },
      }),
    },
    'destination',
    'AWS account',
    'no-go',
    /999999999999/,
  ],
  [
    'a clock that is ten minutes ahead',
    'customer',
    { clockAheadMs: 600_000 },
    'source',
    'clock of the system database',
    'no-go',
    /600 s/,
  ],
  [
    'a database that does not answer',
    'customer',
    { settings: { SOURCE_DATABASE_URL: 'mysql://u:p@127.0.0.1:1/system' } },
    'source',
    'system database',
    'no-go',
    /127\.0\.0\.1/,
  ],
  [
    'a database that is not made yet',
    'rhoam-eng',
    { settings: { MIGRATION_POSTGRESQL_URL: 'postgresql://u:p@127.0.0.1:1/system' } },
    'migration',
    'PostgreSQL for 3scale',
    'warning',
    /not there yet/,
  ],
  [
    'keys that are not there',
    'customer',
    { settings: { THREESHIFT_PARTY_KEYS: '' } },
    'this machine',
    'keys and cards for the exchange',
    'unseen',
    /not seen/,
  ],
]

for (const [what, party, circumstances, place, finding, standing, says] of wrongs) {
  test(`found: ${what} (${finding})`, async () => {
    const diagnosis = found(await examine(party, circumstances), place, finding)
    assert.equal(diagnosis.standing, standing, diagnosis.says)
    assert.match(diagnosis.says, says)
  })
}

test('values without a decision, a tenant without a token and a 3scale in RHOAM’s way are found', async () => {
  const source = databaseUrl(world.servers.source)
  await withSql(source, signal, async (session) => {
    await session.query("SET sql_mode = ''")
    await session.query("UPDATE users SET updated_at = '0000-00-00 00:00:00' ORDER BY id LIMIT 1")
    await session.query(
      'DELETE FROM access_tokens WHERE owner_id IN (SELECT id FROM users WHERE account_id = (SELECT max(id) FROM accounts WHERE provider))',
    )
  })
  world.clusters.destination.manager.view.ensure({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'old-threescale' },
  })
  world.clusters.destination.manager.view.ensure({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'old-threescale', name: 'system-app' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [] } },
    },
  })
  const examination = await examine('customer', { values: true })
  assert.equal(found(examination, 'source', 'values that PostgreSQL cannot store').standing, 'decision')
  assert.match(
    found(examination, 'source', 'values that PostgreSQL cannot store').says,
    /zero-date in users\.updated_at/,
  )
  assert.equal(found(examination, 'source', 'access tokens of the tenants').standing, 'no-go')
  const other = found(examination, 'destination', 'RHOAM, and no other 3scale in its way')
  assert.equal(other.standing, 'no-go')
  assert.match(other.says, /old-threescale/)
})
