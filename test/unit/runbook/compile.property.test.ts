import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { databaseKinds } from '../../../src/model/migration.ts'
import { accessLevels, parties } from '../../../src/model/party.ts'
import { releases } from '../../../src/model/release.ts'
import { compile } from '../../../src/runbook/compile.ts'
import { releaseOfRhoam } from '../../../src/runbook/destination-build.ts'
import { runbook } from '../../../src/runbook/rows.ts'
import { migrationWith } from '../../support/migrations.ts'

const versions = {
  mysql: ['5.7', '5.7.44', '8', '8.0.36', '8.4'],
  mariadb: ['10', '11.4'],
  postgresql: ['13'],
  oracle: ['19'],
}

const anyMigration = fc
  .record({
    accessLevel: fc.constantFrom(...accessLevels),
    releases: fc.tuple(fc.nat(releases.length - 1), fc.nat(releases.length - 1)),
    rhoam: fc.constantFrom('1.40', '1.45', '1.99'),
    databaseKind: fc.constantFrom(...databaseKinds),
    version: fc.nat(),
    customDomain: fc.boolean(),
  })
  .map((given) => {
    const known = releaseOfRhoam(given.rhoam)
    const ends =
      known === undefined
        ? given.releases
        : [given.releases[0] % (releases.indexOf(known) + 1), releases.indexOf(known)]
    const [older = '2.11', newer = '2.16'] = ends.toSorted((a, b) => a - b).map((at) => releases[at])
    const offered = versions[given.databaseKind]
    return migrationWith({
      accessLevel: given.accessLevel,
      release: older,
      destinationRelease: newer,
      rhoamVersion: given.rhoam,
      databaseKind: given.databaseKind,
      databaseVersion: offered[given.version % offered.length] ?? '99',
      ...(given.customDomain ? { customDomain: 'api.example.com' } : {}),
    })
  })

test('any plan is in an order in which every row comes after all it depends on, and depends on no dropped row', () => {
  fc.assert(
    fc.property(anyMigration, (migration) => {
      const seen = new Set<string>()
      for (const row of compile(runbook, migration).rows) {
        for (const id of row.dependsOn) assert.ok(seen.has(id), `${row.id} needs ${id}`)
        seen.add(row.id)
      }
    }),
  )
})

test('any plan names a party as the owner of each row, and every row is planned or dropped with a reason', () => {
  fc.assert(
    fc.property(anyMigration, (migration) => {
      const plan = compile(runbook, migration)
      for (const row of plan.rows) assert.ok(parties.includes(row.owner))
      for (const row of plan.dropped) assert.ok(row.reasons.length > 0)
      const all = [...plan.rows, ...plan.dropped].map((row) => row.id)
      assert.deepEqual([...all].sort(), runbook.map((row) => row.id).sort())
    }),
  )
})

test('any plan has exactly the rows that apply', () => {
  fc.assert(
    fc.property(anyMigration, (migration) => {
      const { kind, version } = migration.source.database
      const expected = new Set(runbook.map((row) => row.id))
      if (migration.accessLevel !== 'limited') expected.delete('workspace')
      if (migration.accessLevel === 'no-access') {
        expected.delete('exchange-granted')
        expected.delete('exchange-confirmed')
      }
      if (migration.destination.customDomain === undefined) expected.delete('custom-domain')
      if (!(kind === 'mysql' && version.startsWith('5.'))) expected.delete('upgrade-mysql')
      if (kind === 'postgresql') expected.delete('convert-to-postgres')
      const { threescaleRelease, rhoamVersion } = migration.destination
      if (migration.source.release === threescaleRelease && rhoamVersion !== '1.40') expected.delete('upgrade-3scale')
      assert.deepEqual(new Set(compile(runbook, migration).rows.map((row) => row.id)), expected)
    }),
  )
})

test('any plan keeps who waits for whom: dropping rows never lets a row start earlier', () => {
  fc.assert(
    fc.property(anyMigration, (migration) => {
      const plan = compile(runbook, migration)
      const kept = new Set<string>(plan.rows.map((row) => row.id))
      const original = reachable(runbook)
      const planned = reachable(plan.rows)
      for (const row of plan.rows) {
        const before = [...(original.get(row.id) ?? [])].filter((id) => kept.has(id)).sort()
        assert.deepEqual([...(planned.get(row.id) ?? [])].sort(), before, row.id)
      }
    }),
  )
})

test('any plan has one unbroken window, which ends with the point of no return', () => {
  fc.assert(
    fc.property(anyMigration, (migration) => {
      const plan = compile(runbook, migration)
      const marks = plan.rows.map((row) => (row.inOutage ? 'x' : '.')).join('')
      assert.match(marks, /^\.+x+$/)
      assert.equal(plan.outage?.to, plan.pointOfNoReturn)
    }),
  )
})

/** All rows that must be done before each row, near and far. */
function reachable(
  rows: readonly { readonly id: string; readonly dependsOn: readonly string[] }[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const result = new Map<string, Set<string>>()
  const collect = (id: string): Set<string> => {
    const known = result.get(id)
    if (known) return known
    const found = new Set<string>()
    result.set(id, found)
    for (const next of rows.find((row) => row.id === id)?.dependsOn ?? []) {
      found.add(next)
      for (const further of collect(next)) found.add(further)
    }
    return found
  }
  for (const row of rows) collect(row.id)
  return result
}
