import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { type Answer, type Gate, gateVerdict } from '../../../src/model/gate.ts'
import { parties } from '../../../src/model/party.ts'

const names = ['ops', 'Carla', 'Bo', 'OPS ', 'dora']
const answers = fc.array(
  fc.record<Answer>({
    party: fc.constantFrom(...parties),
    name: fc.constantFrom(...names),
    verdict: fc.constantFrom('approved', 'approved', 'approved', 'rejected'),
    reason: fc.constant('because'),
    at: fc.nat(),
  }),
  { maxLength: 6 },
)
const gates = fc.record<Gate>({
  question: fc.constant('May it?'),
  approvals: fc.integer({ min: 1, max: 3 }),
  parties: fc.subarray([...parties], { minLength: 1 }),
  differentParties: fc.integer({ min: 1, max: 2 }),
  escalateAfterMs: fc.nat(),
  escalation: fc.constant('Call.'),
  lapseAfterMs: fc.nat(),
})
const requester = { name: 'ops' }

describe('a gate', () => {
  test('never opens for fewer people or parties than it asks for, nor for the requester alone, nor after a rejection', () => {
    fc.assert(
      fc.property(gates, answers, (gate, given) => {
        const verdict = gateVerdict(gate, requester, given)
        if (verdict.kind !== 'approved') return
        const counted = given.filter(({ party }) => gate.parties.includes(party))
        const people = new Set(counted.map(({ name }) => name.trim().toLowerCase()))
        assert.ok(people.size >= gate.approvals)
        assert.ok(new Set(counted.map(({ party }) => party)).size >= gate.differentParties)
        assert.ok([...people].some((person) => person !== 'ops'))
        assert.ok(counted.every(({ verdict }) => verdict === 'approved'))
      }),
    )
  })

  test('says what is missing exactly as long as it is open, and more approvals never close it', () => {
    fc.assert(
      fc.property(gates, answers, answers, (gate, first, more) => {
        const before = gateVerdict(gate, requester, first)
        if (before.kind === 'open') assert.ok(before.missing.length > 0)
        const approvals = more.filter(({ verdict }) => verdict === 'approved')
        if (before.kind === 'approved') {
          assert.equal(gateVerdict(gate, requester, [...first, ...approvals]).kind, 'approved')
        }
      }),
    )
  })
})
