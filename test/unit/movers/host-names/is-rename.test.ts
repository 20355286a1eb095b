import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { HostMap } from '../../../../src/movers/host-names/host-map.ts'
import { isRename } from '../../../../src/movers/host-names/is-rename.ts'

const [from, to] = ['apps.old.example.com', 'apps.new.example.org']
const also = { [`backend-a.${from}`]: `backend-3scale.${to}` }
const change = { from, to, also }

test('what the rename makes of any text is a rename', () => {
  const host = fc.stringMatching(/^[A-Za-z0-9-]{1,10}(?:\.[A-Za-z0-9-]{1,5}){0,2}$/).map((label) => `${label}.${from}`)
  const text = fc.array(
    fc.oneof(
      host,
      fc.constant(`backend-a.${from}`),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\\n', '\\"', '|', '.', '-'),
    ),
  )
  fc.assert(
    fc.property(text, fc.array(host), (parts, known) => {
      const map = new HostMap(from, to, new Map(Object.entries(also)))
      for (const name of [...known, ...parts.filter((part) => part.endsWith(from) && !Object.hasOwn(also, part))])
        map.learn(name)
      const before = parts.join('')
      assert.ok(isRename(before, map.rewrite(before), change))
    }),
  )
})

test('anything else that differs is none', () => {
  const host = `a-admin.${from}`
  for (const [before, after] of [
    [host, `b-admin.${to}`],
    [host, `a-admin.${to}x`],
    [host, `a-admin.sub.${to}`],
    [host, ''],
    ['', `a.${to}`],
    [`https://${host}:443`, `http://a-admin.${to}:443`],
    [`{"host":"${host}","key":"secret"}`, `{"host":"a-admin.${to}","key":"other"}`],
    [`x${from}`, `x${to}`],
    [`backend-a.${from}`, `backend-a.${to}`],
    ['elsewhere.example.com', `elsewhere.${to}`],
  ] as const) {
    assert.equal(isRename(before, after, change), false, `${before} → ${after}`)
  }
  for (const [before, after] of [
    [host, `a-admin.${to}`],
    [host, host],
    [from, to],
    [`A-Admin.${from.toUpperCase()}`, `a-admin.${to}`],
    [`backend-a.${from}`, `backend-3scale.${to}`],
  ] as const) {
    assert.equal(isRename(before, after, change), true, `${before} → ${after}`)
  }
})
