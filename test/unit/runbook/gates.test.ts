import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../../../src/runbook/compile.ts'
import { gatesOf } from '../../../src/runbook/gates.ts'
import { runbook } from '../../../src/runbook/rows.ts'
import { migrationWith } from '../../support/migrations.ts'

test('somebody is asked before the traffic stops, and two parties before the point of no return', () => {
  const plan = compile(runbook, migrationWith())
  const gates = gatesOf(plan)
  assert.deepEqual(Object.keys(gates), ['quiesce', 'new-routes'])
  assert.deepEqual(gates['quiesce']?.parties, ['customer'])
  assert.equal(gates['new-routes']?.differentParties, 2)
  assert.equal(gates['new-routes']?.approvals, 2)
})
