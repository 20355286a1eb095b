import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '../../../src/base/fault.ts'
import { Secret } from '../../../src/base/secret.ts'
import { describeAddress } from '../../../src/model/database-address.ts'
import { parseDatabaseUrl } from '../../../src/model/parse-database-url.ts'

const parse = (url: string) => parseDatabaseUrl(new Secret(url), 'env:URL')

test('TLS is verified unless the connection cannot leave this machine, or it was switched off by name', () => {
  const verified = { kind: 'verified', checkHost: true }
  for (const [url, tls] of [
    ['mysql://u:p@db.example.com/system', verified],
    ['postgresql://u:p@10.0.0.5:5433/system', verified],
    ['mysql://u:p@db.example.com/system?sslmode=require', verified],
    ['mysql://u:p@db.example.com/system?sslmode=verify-ca', { kind: 'verified', checkHost: false }],
    ['mysql://u:p@localhost/system?sslmode=verify-full&sslrootcert=/ca.pem', { ...verified, caFile: '/ca.pem' }],
    ['mysql://u:p@db.example.com/system?sslmode=disable', { kind: 'off' }],
    ['mysql://u:p@localhost/system', { kind: 'off' }],
    ['mysql://u:p@LOCALHOST/system', { kind: 'off' }],
    ['mysql://u:p@127.1.2.3/system', { kind: 'off' }],
    ['postgres://u:p@[::1]/system', { kind: 'off' }],
    ['mysql://u:p@localhost/system?sslrootcert=/ca.pem', { ...verified, caFile: '/ca.pem' }],
    ['mysql://u:p@db.example.com/system?socket=/run/mysqld.sock', { kind: 'off' }],
    ['mysql://u:p@127.0.0.1.evil.example/system', verified],
  ] as const) {
    assert.deepEqual(parse(url).tls, tls, url)
  }
})

test('host, port, user and database come out as they were meant, whatever the password holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }), (user, password) => {
      fc.pre(!/\p{Cc}/u.test(user + password))
      const address = parse(`mysql2://${encodeURIComponent(user)}:${encodeURIComponent(password)}@h.example:3307/d%20b`)
      assert.equal(address.user, user)
      assert.equal(address.password.reveal('compare'), password)
      assert.equal(describeAddress(address), 'mysql://h.example:3307/d b')
    }),
  )
  assert.equal(parse('postgresql://u:p@h/d').port, 5432)
  assert.equal(parse('mariadb://u:p@h/d').port, 3306)
  assert.equal(parse('postgresql://u:p@[2001:db8::7]/d').host, '2001:db8::7')
})

test('what is wrong is a usage fault that names where the URL came from and holds no part of it', () => {
  for (const [url, code] of [
    ['', 'ADDRESS_UNREADABLE'],
    ['s3cret', 'ADDRESS_UNREADABLE'],
    ['mysql://root:s3cret word@h/d', 'ADDRESS_UNREADABLE'],
    ['mysql://root:s3cr\net@h/d', 'ADDRESS_UNREADABLE'],
    ['mysql://root:s3cret@h/d#s3cret', 'ADDRESS_UNREADABLE'],
    ['mysql://root:%E0%A4%A@h/s3cret', 'ADDRESS_UNREADABLE'],
    ['mysql://root:x@h/d%00s3cret', 'ADDRESS_UNREADABLE'],
    ['s3cret://root:x@h/d', 'ADDRESS_SCHEME'],
    ['mysql://root:123?s3cret@h/d', 'ADDRESS_INCOMPLETE ADDRESS_OPTION ADDRESS_UNREADABLE'],
    ['mysql://u:A@s3cret/PW@127.0.0.1/x', 'ADDRESS_UNREADABLE'],
    ['mysql://u:99/s3cret@127.0.0.1/x', 'ADDRESS_UNREADABLE'],
    ['mysql://u:x@h/s3cret/d', 'ADDRESS_UNREADABLE'],
    ['mysql://root:x@h/d?s3cret=1', 'ADDRESS_OPTION'],
    ['mysql://root:x@h/d?sslmode=s3cret', 'ADDRESS_OPTION'],
    ['mysql://root:x@h/d?sslmode=disable&sslmode=require', 'ADDRESS_OPTION'],
    ['mysql://root:x@h/d?socket=', 'ADDRESS_OPTION'],
    ['mysql://root:s3cret@h/', 'ADDRESS_INCOMPLETE'],
    ['mysql://root:s3cret@h', 'ADDRESS_UNREADABLE'],
    ['mysql://:s3cret@h/d', 'ADDRESS_INCOMPLETE'],
    ['mysql://root:s3cret@h:0/d', 'ADDRESS_INCOMPLETE'],
  ] as const) {
    assert.throws(
      () => parse(url),
      (error) => {
        assert.ok(error instanceof Fault, String(error))
        assert.ok(code.split(' ').includes(error.code), `${url}: ${error.code}`)
        assert.equal(error.exit, 64)
        const said = `${error.message} ${error.remedy} ${JSON.stringify(error.details)} ${String(error.cause)}`
        assert.ok(said.includes('env:URL'))
        assert.ok(!said.includes('s3cr'), said)
        return true
      },
    )
  }
})
