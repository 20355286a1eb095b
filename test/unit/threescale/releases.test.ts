import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { holdsIn } from '../../../src/threescale/release-range.ts'
import { isAtLeast, releaseFacts, releases } from '../../../src/threescale/releases.ts'

const anyRelease = fc.constantFrom(...releases)

describe('releases', () => {
  it('are ordered by number, not by letter', () => {
    assert.ok(isAtLeast('2.14', '2.14'))
    assert.ok(isAtLeast('2.16', '2.11'))
    assert.ok(!isAtLeast('2.13', '2.14'))
    assert.deepEqual(
      [...releases].sort((a, b) => Number(a.slice(2)) - Number(b.slice(2))),
      releases,
    )
  })

  it('only ever add migrations, and never a lower last one', () => {
    const facts = releases.map((release) => releaseFacts[release])
    for (const [at, { lastMigration, migrations }] of facts.entries()) {
      assert.match(lastMigration, /^20\d{12}$/)
      const before = facts[at - 1]
      if (before === undefined) continue
      assert.ok(lastMigration >= before.lastMigration)
      assert.ok(migrations >= before.migrations)
      assert.equal(lastMigration === before.lastMigration, migrations === before.migrations)
    }
  })

  it('change the workload kind once, with 2.15, and bundle databases until then', () => {
    for (const release of releases) {
      const { workloadKind, bundled } = releaseFacts[release]
      assert.equal(workloadKind === 'Deployment', isAtLeast(release, '2.15'))
      for (const database of [bundled.redis, bundled.mysql, bundled.postgresql]) {
        assert.equal(database === null, release === '2.16')
      }
    }
  })
})

describe('a range of releases', () => {
  it('holds exactly from its first to its last release', () => {
    fc.assert(
      fc.property(anyRelease, anyRelease, anyRelease, (since, until, release) => {
        const [at, from, to] = [releases.indexOf(release), releases.indexOf(since), releases.indexOf(until)]
        assert.equal(holdsIn({ since, until }, release), from <= at && at <= to)
        assert.equal(holdsIn({ since }, release), from <= at)
        assert.equal(holdsIn({ until }, release), at <= to)
        assert.equal(holdsIn({}, release), true)
      }),
    )
  })
})
