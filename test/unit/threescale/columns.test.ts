import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { writtenTables } from '../../../src/threescale/catalog.ts'
import { type HostNamePlace, hostNames, hostNamesTo } from '../../../src/threescale/host-names.ts'
import {
  contentOf,
  isSecretColumn,
  secretColumns,
  serializedColumns,
} from '../../../src/threescale/serialized-columns.ts'

const kinds: ReadonlyMap<string, string> = new Map(
  writtenTables.flatMap((t) => t.columns.map((c) => [`${t.name}.${c.name}`, c.kind] as const)),
)
const places: readonly HostNamePlace[] = hostNames
const named = places.flatMap(({ table, columns }) => columns.map((column) => `${table}.${column}`))

const namesIn = (columns: Readonly<Record<string, object>>): readonly string[] =>
  Object.entries(columns).flatMap(([table, inTable]) => Object.keys(inTable).map((column) => `${table}.${column}`))

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

  it('include every column named for a URL, and every title of what was sent', () => {
    const urls = [...kinds].flatMap(([name, kind]) => (/\w_url$/.test(name) && /string|text/.test(kind) ? [name] : []))
    assert.deepEqual(
      urls.filter((name) => !named.includes(name)),
      [],
    )
    assert.deepEqual(
      places.filter(({ table }) => table === 'notifications').flatMap(({ columns }) => columns),
      ['title'],
    )
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
    const columns = namesIn(serializedColumns)
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

  it('are only those', () => {
    assert.equal(contentOf('accounts', 'org_name'), null)
    assert.equal(contentOf('no_such_table', 'x'), null)
  })
})

describe('secret columns', () => {
  it('exist, and are text or bytes', () => {
    for (const name of namesIn(secretColumns)) assert.match(kinds.get(name) ?? '', /string|text|blob/, name)
  })

  it('are told from the rest', () => {
    assert.ok(isSecretColumn('service_tokens', 'value'))
    assert.ok(isSecretColumn('users', 'password_digest'))
    assert.ok(!isSecretColumn('accounts', 'extra_fields'))
    assert.ok(!isSecretColumn('no_such_table', 'x'))
  })

  it('include what holds credentials among other things, in whatever form', () => {
    assert.ok(isSecretColumn('payment_gateway_settings', 'gateway_settings'))
    assert.equal(contentOf('payment_gateway_settings', 'gateway_settings'), 'yaml')
    assert.ok(isSecretColumn('proxies', 'oidc_issuer_endpoint'))
    assert.equal(contentOf('proxies', 'oidc_issuer_endpoint'), null)
    assert.ok(isSecretColumn('proxy_configs', 'content'))
    assert.equal(contentOf('proxy_configs', 'content'), 'json')
  })
})
