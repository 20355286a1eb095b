import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as check, constantFrom, oneof, property } from 'fast-check'
import { HostMap, whyNoHost } from '../../../../src/movers/host-names/host-map.ts'

const [from, to] = ['apps.old.example.com', 'apps.new.example.org']
const learnt = ['api-acme-apicast-production', 'acme-admin', 'master'].map((label) => `${label}.${from}`)
const other = [`unknown.${from}`, `${learnt[0]}.au`, `x-${learnt[1]}`, 'elsewhere.example.com', from.toUpperCase()]

const text = array(
  oneof(
    constantFrom(...learnt, ...other),
    constantFrom('https://', ':443/', '|', ' ', '\n', '"', '\\', '/', '@', ',', '€'),
  ),
  { maxLength: 12 },
).map((parts) => parts.join(''))

function mapOf(): HostMap {
  const map = new HostMap(from, to, new Map([['backend.internal', 'backend.elsewhere']]))
  for (const host of learnt) map.learn(host)
  return map
}

/** The same by hand: every longest run of a name's characters is looked up. */
function plain(value: string): string {
  let [out, run] = ['', '']
  const end = (): void => {
    out += learnt.includes(run) ? run.replace(from, to) : run === 'backend.internal' ? 'backend.elsewhere' : run
    run = ''
  }
  for (const character of value) {
    if (/[A-Za-z0-9.-]/.test(character)) run += character
    else {
      end()
      out += character
    }
  }
  end()
  return out
}

test('in a JSON document the same names change as in its values, and no other byte', () => {
  check(
    property(array(text), (values) => {
      const map = mapOf()
      assert.equal(map.rewrite(JSON.stringify(values)), JSON.stringify(values.map(plain)))
    }),
  )
})

test('only names below the old domain are learnt, and the new ones are in lower case', () => {
  const map = mapOf()
  map.learn('elsewhere.example.com')
  map.learn(`Shop.Apps.Old.Example.Com`)
  map.learn(`notapps.old.example.com`)
  assert.deepEqual(
    ['elsewhere.example.com', 'notapps.old.example.com', 'Shop.Apps.Old.Example.Com', 'backend.internal'].map((host) =>
      map.renamed(host),
    ),
    [null, null, `shop.${to}`, 'backend.elsewhere'],
  )
})

test('a name with a part of more than 63 characters, or of more than 253 in all, is none', () => {
  assert.equal(whyNoHost(`${'a'.repeat(63)}.${to}`), null)
  assert.match(whyNoHost(`${'a'.repeat(64)}.${to}`) ?? '', /64/)
  assert.match(whyNoHost(Array.from({ length: 130 }, () => 'a').join('.')) ?? '', /253/)
})
