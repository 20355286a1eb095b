import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessLevels } from '../../../src/model/party.ts'
import { prerequisiteIds, rowIds, rowsBeyond, stepIds } from '../../../src/model/row-id.ts'
import { compile } from '../../../src/runbook/compile.ts'
import { everywhere, type RunbookRow } from '../../../src/runbook/row.ts'
import { runbook } from '../../../src/runbook/rows.ts'
import { type MigrationTraits, migrationWith } from '../../support/migrations.ts'

const planOf = (traits: MigrationTraits = {}) => compile(runbook, migrationWith(traits))
const rowOf = (traits: MigrationTraits, id: string) => planOf(traits).rows.find((row) => row.id === id)
const droppedFrom = (traits: MigrationTraits) => planOf(traits).dropped.map((row) => row.id)

test('the runbook has the 39 rows of the journey, numbered P1 to P14 and 1 to 25', () => {
  assert.deepEqual(
    runbook.map((row) => row.id),
    rowIds,
  )
  const [prerequisites, steps] = [prerequisiteIds, stepIds].map((ids) => ids.filter((id) => !rowsBeyond.has(id)))
  assert.deepEqual(
    runbook.filter(({ id }) => !rowsBeyond.has(id)).map((row) => row.number),
    [...(prerequisites ?? []).map((_, at) => `P${at + 1}`), ...(steps ?? []).map((_, at) => String(at + 1))],
  )
})

test('rows that the document does not have bear the number of the row before them, and a plus', () => {
  const beyond = runbook.filter(({ id }) => rowsBeyond.has(id))
  assert.deepEqual(
    beyond.map(({ id, number }) => `${number} ${id}`),
    ['P13+ access-narrowed', '14+ file-storage'],
  )
  for (const row of beyond) assert.equal(row.number, `${runbook[runbook.indexOf(row) - 1]?.number}+`)
})

test('files are copied where the source has some, and by hand where they are on a volume', () => {
  assert.match(rowOf({ fileStorage: 'pvc' }, 'file-storage')?.notes.join() ?? '', /by hand/)
  assert.deepEqual(rowOf({ fileStorage: 's3' }, 'file-storage')?.notes, [])
  assert.ok(droppedFrom({ fileStorage: 'none' }).includes('file-storage'))
  for (const accessLevel of accessLevels) assert.equal(rowOf({ accessLevel }, 'file-storage')?.owner, 'customer')
})

test('every row of the runbook says what it is for, when it is done, what can go wrong and how it is undone', () => {
  for (const row of runbook) {
    for (const text of [row.title, row.goal, row.why, row.what, row.doneWhen, ...row.risks])
      assert.ok(text.length > 5, row.id)
    assert.ok(row.risks.length > 0, row.id)
    assert.ok((row.undo.kind === 'undo' ? row.undo.how : row.undo.why).length > 5, row.id)
  }
})

test('a MySQL 5.7 source with everything has all rows but the custom domain', () => {
  assert.deepEqual(droppedFrom({}), ['custom-domain'])
  assert.deepEqual(droppedFrom({ customDomain: 'api.example.com' }), [])
})

test('a PostgreSQL source needs neither the MySQL upgrade nor the conversion, and the plan says why', () => {
  const plan = planOf({ databaseKind: 'postgresql', databaseVersion: '13' })
  const why = Object.fromEntries(plan.dropped.map((row) => [row.id, row.reasons]))
  assert.deepEqual(why['upgrade-mysql'], ['the source database is postgresql 13; needed only for mysql before 8'])
  assert.deepEqual(why['convert-to-postgres'], [
    'the source database is postgresql; needed only for mysql, mariadb, oracle',
  ])
})

test('MySQL 8 and MariaDB need the conversion but not the engine upgrade', () => {
  for (const traits of [
    { databaseKind: 'mysql', databaseVersion: '8' },
    { databaseKind: 'mysql', databaseVersion: '8.0.36' },
    { databaseKind: 'mariadb', databaseVersion: '10.6' },
  ] as const) {
    assert.ok(droppedFrom(traits).includes('upgrade-mysql'))
    assert.ok(!droppedFrom(traits).includes('convert-to-postgres'))
  }
  assert.ok(!droppedFrom({ databaseKind: 'mysql', databaseVersion: '5.7.44' }).includes('upgrade-mysql'))
})

test('an Oracle source is planned, with a note on the rows that cannot be run yet', () => {
  const traits = { databaseKind: 'oracle', databaseVersion: '19' } as const
  assert.match(rowOf(traits, 'convert-to-postgres')?.notes.join(' ') ?? '', /cannot read Oracle yet/)
  assert.match(rowOf(traits, 'load-system-database')?.notes.join(' ') ?? '', /cannot read one yet/)
  assert.deepEqual(rowOf({}, 'convert-to-postgres')?.notes, [])
})

test('equal releases need no upgrade; unequal ones are upgraded hop by hop', () => {
  const same = planOf({ release: '2.16' })
  assert.ok(same.dropped.some((row) => row.id === 'upgrade-3scale'))
  assert.deepEqual(same.hops, [])
  assert.deepEqual(planOf({ release: '2.13' }).hops, ['2.14', '2.15', '2.16'])
})

test('a RHOAM with a build of its own is reached by the hop to that build, from its own release too', () => {
  const mas = { rhoamVersion: '1.40.2', destinationRelease: '2.13' } as const
  assert.deepEqual(planOf({ ...mas, release: '2.13' }).hops, ['2.13-mas'])
  assert.ok(rowOf({ ...mas, release: '2.13' }, 'upgrade-3scale'))
  assert.deepEqual(planOf({ ...mas, release: '2.11' }).hops, ['2.12', '2.13', '2.13-mas'])
  assert.match(rowOf(mas, 'migration-cluster-ready')?.what ?? '', /channel threescale-mas/)
})

test('where no hops lead to the build, the plan goes to its release and says so', () => {
  const traits = { rhoamVersion: '1.41', destinationRelease: '2.15', release: '2.13' } as const
  assert.deepEqual(planOf(traits).hops, ['2.14', '2.15'])
  assert.match(rowOf(traits, 'rhoam-install')?.notes.join() ?? '', /No hops to the build of this RHOAM/)
  assert.deepEqual(planOf({ ...traits, release: '2.15' }).hops, [])
})

test('what a RHOAM runs that is not on file is taken from the file, with a note', () => {
  const traits = { rhoamVersion: '1.99', destinationRelease: '2.16' } as const
  assert.deepEqual(planOf(traits).hops, ['2.14', '2.15', '2.16'])
  assert.match(rowOf(traits, 'rhoam-install')?.notes.join() ?? '', /not on file/)
  assert.deepEqual(rowOf({}, 'rhoam-install')?.notes, [])
})

test('what waited for a dropped row waits for what that row waited for', () => {
  const traits = { databaseKind: 'postgresql', databaseVersion: '13', release: '2.16' } as const
  assert.deepEqual(rowOf(traits, 'routes-to-migration')?.dependsOn, [
    'migration-cluster-ready',
    'migration-databases',
    'load-system-database',
  ])
  assert.deepEqual(rowOf(traits, 'routes-to-destination')?.dependsOn, ['scale-up'])
  // Two dropped in a row: exchange-confirmed stands for exchange-granted, which stands for exchange-bucket.
  assert.ok(rowOf({ accessLevel: 'no-access' }, 'plug-in')?.dependsOn.includes('exchange-bucket'))
})

test('the workspace exists for limited access only, and the exchange is granted unless there is no access', () => {
  assert.deepEqual(droppedFrom({ accessLevel: 'extended-limits' }), ['workspace', 'custom-domain'])
  assert.deepEqual(droppedFrom({ accessLevel: 'no-access' }), [
    'workspace',
    'exchange-granted',
    'exchange-confirmed',
    'custom-domain',
  ])
})

test('with extended limits the customer restores Redis, and nothing else changes hands', () => {
  const limited = new Map(planOf().rows.map((row) => [row.id, row.owner]))
  const changed = planOf({ accessLevel: 'extended-limits' }).rows.filter((row) => row.owner !== limited.get(row.id))
  assert.deepEqual(
    changed.map((row) => [row.id, row.owner]),
    [['restore-redis', 'customer']],
  )
})

test('without access the customer owns the databases in between and steps 1 to 16 and 23 to 25', () => {
  const plan = planOf({ accessLevel: 'no-access' })
  const owned = (party: string) => plan.rows.filter((row) => row.owner === party).map((row) => row.number)
  assert.deepEqual(owned('rhoam-eng'), ['P2', 'P13', '17', '18', '19', '20', '21', '22'])
  assert.deepEqual(owned('bu-srep'), ['P1', 'P13+'])
})

test('with limited access the vendor owns all rows on the migration cluster', () => {
  assert.ok(planOf().rows.every((row) => row.place !== 'migration' || row.owner === 'rhoam-eng'))
})

test('the service window reaches from quiesce to new-routes, and no prerequisite is in it', () => {
  const plan = planOf()
  assert.deepEqual(plan.outage, { from: 'quiesce', to: 'new-routes', rows: 26 })
  assert.ok(plan.rows.every((row) => row.inOutage === !row.number.startsWith('P')))
})

test('all prerequisites are done before the traffic is stopped', () => {
  const plan = planOf({ customDomain: 'api.example.com' })
  const before = new Set<string>()
  const collect = (id: string): void => {
    for (const next of plan.rows.find((row) => row.id === id)?.dependsOn ?? []) {
      before.add(next)
      collect(next)
    }
  }
  collect('quiesce')
  assert.deepEqual([...before].sort(), [...prerequisiteIds].sort())
})

test('new-routes is the only row that cannot be undone', () => {
  const plan = planOf()
  assert.equal(plan.pointOfNoReturn, 'new-routes')
  assert.equal(plan.rows.filter((row) => row.undo.kind === 'impossible').length, 1)
})

test('the destination is loaded only after the dump and the freeze, and Redis only once 3scale is at zero there', () => {
  assert.deepEqual(rowOf({}, 'seed-destination')?.dependsOn, ['rhoam-freeze', 'backup-postgres'])
  assert.deepEqual(rowOf({}, 'restore-redis')?.dependsOn, ['rhoam-freeze', 'dump', 'seed-destination'])
  assert.match(rowOf({}, 'seed-destination')?.what ?? '', /^Scale 3scale's operator and 3scale to zero/)
})

test('a runbook that contradicts itself is a bug', () => {
  const migration = migrationWith()
  assert.throws(
    () => compile([row('dump', ['verify']), row('verify', ['dump'])], migration),
    /^Error: bug: .* dump, verify/,
  )
  assert.throws(() => compile([row('dump', ['verify'])], migration), /bug: row dump depends on verify/)
  assert.throws(() => compile([row('dump', []), row('dump', [])], migration), /bug: the runbook has row dump twice/)
})

test('rows that do not touch the service have no window and no point of no return', () => {
  const plan = compile(
    runbook.slice(0, 7).map((row) => ({ ...row, dependsOn: [] })),
    migrationWith(),
  )
  assert.equal(plan.outage, null)
  assert.equal(plan.pointOfNoReturn, null)
})

test('the order follows dependencies even when the runbook lists rows otherwise', () => {
  const plan = compile(runbook.toReversed(), migrationWith())
  const at = new Map(plan.rows.map((row, position) => [row.id, position]))
  for (const row of plan.rows) {
    for (const id of row.dependsOn)
      assert.ok((at.get(id) ?? Infinity) < (at.get(row.id) ?? -1), `${id} before ${row.id}`)
  }
})

/** A row that is nothing but its id and its dependencies. */
function row(id: RunbookRow['id'], dependsOn: RunbookRow['dependsOn']): RunbookRow {
  return {
    id,
    number: '1',
    title: id,
    owner: everywhere('customer'),
    place: 'source',
    dependsOn,
    serviceAffecting: false,
    undo: { kind: 'nothing', why: 'a test' },
    when: [],
    goal: '',
    why: '',
    what: '',
    doneWhen: '',
    risks: [],
  }
}
