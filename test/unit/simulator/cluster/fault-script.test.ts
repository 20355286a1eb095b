import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { FaultScript } from '../../../../src/simulator/cluster/fault-script.ts'

const page = readFileSync(
  fileURLToPath(new URL('../../../../docs/reference/fault-scripts.md', import.meta.url)),
  'utf8',
)

test('the example of the page is a script, and shows every effect that its table explains', () => {
  const script = new FaultScript()
  const example = JSON.parse(/```json\n([^]*?)```/.exec(page)?.[1] ?? '') as { faults: { effect: { kind: string } }[] }
  script.load(example)
  const explained = [...page.matchAll(/^\| `([\w-]+)` \|/gm)].map((match) => match[1])
  assert.deepEqual(new Set(example.faults.map(({ effect }) => effect.kind)), new Set(explained))
  assert.equal(explained.length, 9)
})

test('a fault happens from its call on, as often as it says, and counts every call that it matches', () => {
  const script = new FaultScript()
  const call = { verb: 'get', resource: 'pods', namespace: 'a', name: 'b', user: 'c' }
  script.add({ verb: 'get', fromCall: 2, times: 2, effect: { kind: 'silent' } })
  script.add({ verb: 'get', fromCall: 3, times: 0, effect: { kind: 'expire' } })
  const met = Array.from({ length: 5 }, () => script.meet(call)?.kind)
  assert.deepEqual(met, [undefined, 'silent', 'silent', 'expire', 'expire'])
  assert.equal(script.meet({ ...call, verb: 'list' }), undefined)
  assert.deepEqual(
    script.state().map((fault) => (fault as { calls: number }).calls),
    [5, 5],
  )
})
