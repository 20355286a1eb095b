import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareVersions } from '../../../src/model/migration.ts'
import { type RhoamFacts, rhoamFacts, rhoamVersions } from '../../../src/threescale/rhoam.ts'

const ranges: readonly RhoamFacts[] = rhoamVersions

test('the ranges are in order and do not overlap, and no release gets older', () => {
  for (const [at, { since, until, release }] of ranges.entries()) {
    assert.ok(compareVersions(since, until) <= 0, since)
    const before = ranges[at - 1]
    if (before === undefined) continue
    assert.ok(compareVersions(before.until, since) < 0, since)
    assert.ok(compareVersions(before.release, release) <= 0, since)
  }
})

test('a build is its release, or RHOAM’s own one of it', () => {
  for (const { release, build } of ranges) assert.match(build, new RegExp(`^${release}(?:-mas)?$`))
})

test('a version is found by its first two numbers, at both ends of a range', () => {
  for (const version of ['1.33', '1.33.0', '1.36.1', '1.40', '1.40.9']) {
    assert.equal(rhoamFacts(version)?.build, '2.13-mas', version)
  }
  assert.equal(rhoamFacts('1.45')?.release, '2.16')
  assert.equal(rhoamFacts('1.41')?.build, '2.15-mas')
  assert.equal(rhoamFacts('1.42')?.build, '2.15')
})

test('versions that nobody has looked at are not guessed', () => {
  for (const version of ['1', '1.19', '1.22', '1.31.4', '1.46', '2.0']) assert.equal(rhoamFacts(version), undefined)
})
