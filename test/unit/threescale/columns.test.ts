import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { writtenTables } from '../../../src/threescale/catalog.ts'
import { type HostNamePlace, hostNames, hostNamesTo } from '../../../src/threescale/host-names.ts'
import { contentOf, isSecretColumn, serializedColumns } from '../../../src/threescale/serialized-columns.ts'

const kinds: ReadonlyMap<string, string> = new Map(
  writtenTables.flatMap((t) => t.columns.map((c) => [`${t.name}.${c.name}`, c.kind] as const)),
)
const places: readonly HostNamePlace[] = hostNames
const named = places.flatMap(({ table, columns }) => columns.map((column) => `${table}.${column}`))

const contentAt = (name: string) => {
  const [table = '', column = ''] = name.split('.')
  return contentOf(table, column)
}

describe('host names', () => {
  it('are in columns that exist and hold text, each listed once', () => {
    for (const name of named) assert.match(kinds.get(name) ?? '', /string|text/, name)
    assert.deepEqual(
      named.filter((name, at) => named.indexOf(name) !== at),
      [],
    )
  })

  it('are rewritten only where 3scale decides or serves by them', () => {
    assert.deepEqual(
      hostNamesTo('rewrite').flatMap(({ table, columns }) => columns.map((column) => `${table}.${column}`)),
      [
        'accounts.domain',
        'accounts.self_domain',
        'proxies.endpoint',
        'proxies.sandbox_endpoint',
        'proxies.staging_domain',
        'proxies.production_domain',
        'proxy_configs.hosts',
        'proxy_configs.content',
      ],
    )
    for (const { nature, onNewDomain } of places) {
      assert.equal(onNewDomain === 'rewrite', nature === 'authoritative' || nature === 'snapshot')
      assert.equal(onNewDomain === 'leave', nature === 'history')
    }
  })

  it('in YAML are where the serialized columns say YAML is', () => {
    for (const { table, columns, form } of places) {
      for (const column of columns) {
        assert.equal(form === 'yaml', contentOf(table, column) === 'yaml', `${table}.${column}`)
      }
    }
  })
})

describe('serialized columns', () => {
  it('exist, and are text or bytes', () => {
    const columns = Object.entries(serializedColumns).flatMap(([table, contents]) =>
      Object.keys(contents).map((column) => `${table}.${column}`),
    )
    const yaml = columns.filter((name) => contentAt(name) === 'yaml')
    const json = columns.filter((name) => contentAt(name) === 'json')
    assert.deepEqual([yaml.length, json.length], [18, 8])
    for (const name of columns) assert.match(kinds.get(name) ?? '', /string|text|blob/, name)
  })

  it('include every column of bytes', () => {
    const bytes = [...kinds].flatMap(([name, kind]) => (/blob/.test(kind) ? [name] : []))
    assert.equal(bytes.length, 4)
    for (const name of bytes) assert.notEqual(contentAt(name), null, name)
  })

  it('tell credentials from the rest', () => {
    assert.ok(isSecretColumn('service_tokens', 'value'))
    assert.ok(isSecretColumn('users', 'password_digest'))
    assert.ok(!isSecretColumn('accounts', 'extra_fields'))
    assert.equal(contentOf('accounts', 'org_name'), null)
    assert.equal(contentOf('no_such_table', 'x'), null)
  })
})
