import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  compareVersions,
  migrationJsonSchema,
  migrationSchema,
  referencePattern,
} from '../../../src/model/migration.ts'
import { valueClasses } from '../../../src/model/decision.ts'
import { migrationWith } from '../../support/migrations.ts'

const valid = migrationWith()
const messagesFor = (changes: object) => {
  const result = migrationSchema.safeParse({ ...valid, ...changes })
  return result.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? []
}

test('a migration with nothing but what has no default is complete', () => {
  assert.equal(valid.source.namespace, '3scale')
  assert.equal(valid.source.database.url, 'env:SOURCE_DATABASE_URL')
  assert.deepEqual(valid.source.redis, {
    storage: 'env:SOURCE_REDIS_STORAGE_URL',
    queues: 'env:SOURCE_REDIS_QUEUES_URL',
  })
  assert.equal(valid.destination.namespacePrefix, 'redhat-rhoam')
  assert.deepEqual(valid.decisions, {})
})

test('a decoded migration decodes to itself', () => {
  assert.deepEqual(migrationSchema.parse(valid), valid)
})

test('3scale is never moved to an older release', () => {
  const [message = ''] = messagesFor({ destination: { ...valid.destination, threescaleRelease: '2.12' } })
  assert.match(message, /^destination\.threescaleRelease: 2\.13 \(the source's\) or later/)
})

test('a database too old to plan for is refused, per engine', () => {
  for (const [kind, version] of [
    ['mysql', '5.6'],
    ['mariadb', '5.5'],
    ['postgresql', '9.6'],
    ['oracle', '11'],
  ]) {
    assert.equal(messagesFor({ source: { ...valid.source, database: { kind, version } } }).length, 1, kind)
  }
})

test('a decision is checked for its class, its column and its action', () => {
  assert.deepEqual(
    messagesFor({ decisions: { 'zero-date': 'null', 'orphan@cms_templates.section_id': 'quarantine' } }),
    [],
  )
  assert.match(messagesFor({ decisions: { 'zero-dates': 'null' } })[0] ?? '', /classes: zero-date/)
  assert.match(messagesFor({ decisions: { 'zero-date@accounts': 'null' } })[0] ?? '', /CLASS@TABLE\.COLUMN/)
  assert.deepEqual(messagesFor({ decisions: { orphan: 'replace' } }), ['decisions.orphan: stop, null, quarantine'])
  assert.deepEqual(migrationSchema.parse({ ...valid, decisions: { orphan: null } }).decisions, { orphan: 'null' })
  assert.deepEqual(messagesFor({ decisions: { 'nul-byte': 7, orphan: {}, 'zero-dates': null } }), [
    'decisions.nul-byte: stop, null, replace, quarantine',
    'decisions.orphan: stop, null, quarantine',
    `decisions.zero-dates: CLASS or CLASS@TABLE.COLUMN; classes: ${Object.keys(valueClasses).join(', ')}`,
  ])
})

test('a window needs a zone and a limit longer than nothing', () => {
  assert.equal(messagesFor({ window: { start: '2026-12-05T22:00:00', limit: '4h' } }).length, 1)
  assert.equal(messagesFor({ window: { start: '2026-12-05T22:00:00Z', limit: '0h' } }).length, 1)
  assert.equal(messagesFor({ window: { start: '2026-12-05T22:00:00Z', limit: '4x' } }).length, 1)
  assert.deepEqual(messagesFor({ window: undefined }), [])
})

test('a reference names a variable or a file, and a URL is neither', () => {
  for (const good of ['env:DB', 'env:_a1', 'file:secret.txt', 'file:/run/secrets/db'])
    assert.match(good, referencePattern)
  for (const bad of ['env:', 'env:1A', 'env:A B', 'file:', 'file: x', 'mysql://u:p@h/d', 'file://u:p@h', 'DB', '']) {
    assert.doesNotMatch(bad, referencePattern)
  }
})

test('versions are compared part by part, as numbers', () => {
  assert.ok(compareVersions('5.7', '8') < 0)
  assert.ok(compareVersions('10.6', '10') > 0)
  assert.ok(compareVersions('8.0.9', '8.0.36') < 0)
  assert.equal(compareVersions('8', '8.0'), 0)
})

test('the JSON Schema describes every field', () => {
  const undescribed: string[] = []
  const walk = (path: string, node: { description?: string; properties?: Record<string, object> }) => {
    if (!node.description) undescribed.push(path)
    for (const [key, child] of Object.entries(node.properties ?? {})) walk(`${path}.${key}`, child)
  }
  walk('migration', migrationJsonSchema())
  assert.deepEqual(undescribed, [])
})
