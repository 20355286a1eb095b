import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/base/fault.ts'
import { Secret } from '../../../src/base/secret.ts'
import { parseRedisUrl } from '../../../src/model/parse-redis-url.ts'
import { describeEndpoint } from '../../../src/model/redis-endpoint.ts'

const parse = (url: string) => parseRedisUrl(new Secret(url), 'env:REDIS')

test('host, port, login and database come out of the URL', () => {
  const endpoint = parse('redis://user:p%40ss@10.0.0.7:6380/2?sslmode=disable')
  assert.deepEqual(
    { ...endpoint, password: endpoint.password?.reveal('test') },
    {
      host: '10.0.0.7',
      port: 6380,
      user: 'user',
      password: 'p@ss',
      db: 2,
      tls: { kind: 'off' },
    },
  )
  assert.equal(describeEndpoint(endpoint), 'redis://10.0.0.7:6380/2')
  assert.deepEqual(parse('redis://localhost'), { host: 'localhost', port: 6379, db: 0, tls: { kind: 'off' } })
})

test('TLS is verified unless the connection stays on this machine or the URL says otherwise', () => {
  assert.deepEqual(parse('redis://elsewhere').tls, { kind: 'verified', checkHost: true })
  assert.deepEqual(parse('rediss://127.0.0.1').tls, { kind: 'verified', checkHost: true })
  assert.deepEqual(parse('rediss://a?sslmode=verify-ca&sslrootcert=/ca.pem').tls, {
    kind: 'verified',
    checkHost: false,
    caFile: '/ca.pem',
  })
  assert.deepEqual(parse('redis://[::1]:7/').tls, { kind: 'off' })
})

test('a Sentinel is asked for the master that the URL names', () => {
  assert.deepEqual(parse('redis+sentinel://sentinel/1?master=backend&sslmode=disable'), {
    host: 'sentinel',
    port: 26379,
    db: 1,
    tls: { kind: 'off' },
    sentinel: { master: 'backend' },
  })
})

test('what is wrong is named, and no part of the URL is echoed', () => {
  const cases = {
    'not a url s3cr3t': 'REDIS_ADDRESS_UNREADABLE',
    'redis://': 'REDIS_ADDRESS_UNREADABLE',
    'redis://u:%E0%A4%A@h/0': 'REDIS_ADDRESS_UNREADABLE',
    'http://u:s3cr3t@h/0': 'REDIS_ADDRESS_SCHEME',
    'redis://u:s3cr3t@h/first': 'REDIS_ADDRESS_DB',
    'redis://u:s3cr3t@h/70000': 'REDIS_ADDRESS_DB',
    'redis://u:A@s3cr3t/PW@127.0.0.1/0': 'REDIS_ADDRESS_UNREADABLE',
    's3cr3t://u:x@h/0': 'REDIS_ADDRESS_SCHEME',
    'redis://u:x@h/0?s3cr3t=1': 'REDIS_ADDRESS_OPTION',
    'redis://u:s3cr3t@h/0?tls=no': 'REDIS_ADDRESS_OPTION',
    'rediss://u:s3cr3t@h/0?sslmode=disable': 'REDIS_ADDRESS_OPTION',
    'redis+sentinel://u:s3cr3t@h/0': 'REDIS_ADDRESS_OPTION',
    'redis://u:s3cr3t@h/0?master=x': 'REDIS_ADDRESS_OPTION',
  }
  for (const [url, code] of Object.entries(cases)) {
    assert.throws(
      () => parse(url),
      (error) => error instanceof Fault && error.code === code && !`${error.message}${error.remedy}`.includes('s3cr3t'),
      url,
    )
  }
})
