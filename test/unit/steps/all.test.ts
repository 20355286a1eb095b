import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runbook } from '../../../src/runbook/rows.ts'
import { allSteps } from '../../../src/steps/all.ts'
import type { Tools } from '../../../src/steps/tools.ts'

/** Steps are made without touching what they work with. */
const untouched = new Proxy(
  {},
  {
    get: (_target, name) => {
      throw new Error(`${String(name)} was used while a step was made`)
    },
  },
) as Tools

test('every row of the runbook has its step, which can be undone exactly when the runbook says so', () => {
  const steps = allSteps(untouched)
  assert.deepEqual([...steps.keys()].toSorted(), runbook.map(({ id }) => id).toSorted())
  for (const { id, undo } of runbook) {
    assert.equal(steps.get(id)?.undo !== undefined, undo.kind === 'undo', `${id}: the runbook says ${undo.kind}`)
  }
})
