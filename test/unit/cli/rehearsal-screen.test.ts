import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rehearsalScreen } from '../../../src/cli/rehearsal-screen.ts'
import { compile } from '../../../src/runbook/compile.ts'
import { runbook } from '../../../src/runbook/rows.ts'
import type { RowState } from '../../../src/model/row-state.ts'
import type { MigrationView } from '../../../src/ports/engine.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { migrationWith } from '../../support/migrations.ts'

const plan = compile(runbook, migrationWith({ databaseKind: 'mariadb', databaseVersion: '10.11' }))
const start = 1_700_000_000_000

/** The plan's rows before `until` are done, a second each; that one is in `state`. */
function viewAt(until: string, state: RowState, more: Partial<MigrationView> = {}): MigrationView {
  const at = plan.rows.findIndex(({ id }) => id === until)
  return {
    id: plan.migration,
    customer: plan.migration,
    state: 'waiting-for-agent',
    generation: 1,
    direction: 'forward',
    startedAt: start,
    requestedBy: { party: 'rhoam-eng', name: 'rehearsal' },
    baton: {
      party: 'customer',
      row: until,
      since: start + at * 1000,
      why: 'apply of it is for the agent',
      unblock: '',
    },
    gate: null,
    failure: null,
    rows: plan.rows.map((row, index) => ({
      id: row.id,
      number: row.number,
      title: row.title,
      owner: row.owner,
      undo: row.undo.kind,
      state:
        index < at
          ? { kind: 'done', how: 'applied', says: `${row.id} is so`, at: start + (index + 1) * 1000 }
          : index === at
            ? state
            : { kind: 'waiting' },
      progress: index === at ? { done: 610, total: 1000, unit: 'rows', exact: false, at: start } : null,
    })),
    ...more,
  }
}

function applying(row: string, since: number): MigrationView {
  return viewAt(row, { kind: 'with-agent', verb: 'apply', party: 'customer', task: 't', since })
}

const outage = plan.outage ?? assert.fail('the plan has an outage')
const now = Date.UTC(2026, 10, 23)

test('without a terminal each thing that happens is one line, once', () => {
  const { context, stderr } = fakeContext()
  const screen = rehearsalScreen(context)
  screen.show({ kind: 'stage-began', says: 'Making a world' })
  screen.show({ kind: 'stage-ended', says: '3scale serves', tookMs: 12_000 })
  screen.show({ kind: 'planned', plan })
  const before = applying('access-confirmed', start + 1000)
  for (const view of [before, before]) screen.show({ kind: 'looked', view })
  screen.show({ kind: 'played', party: 'customer', row: 'quiesce', says: 'approved: may it stop?' })
  screen.end()
  assert.deepEqual(stderr().split('\n'), [
    '▸ Making a world',
    '  ✓ 3scale serves (12 s)',
    `▸ Running the ${plan.rows.length} rows of the plan`,
    '  ✓   P1 access-granted           bu-srep       1 s  access-granted is so',
    '  ☞ customer (played), quiesce: approved: may it stop?',
    '',
  ])
})

test('the downtime counts from the first apply of the row that stops the traffic to the end of the one that brings it back', () => {
  const { context, stderr } = fakeContext()
  const screen = rehearsalScreen(context)
  screen.show({ kind: 'planned', plan })
  screen.show({ kind: 'looked', view: applying(outage.from, now - 90_000) })
  screen.show({ kind: 'looked', view: applying(outage.to, now - 1000) })
  const last = viewAt(outage.to, { kind: 'done', how: 'applied', says: 'so', at: now })
  for (const view of [last, last]) screen.show({ kind: 'looked', view })
  const lines = stderr().split('\n')
  assert.deepEqual(
    lines.filter((line) => line.includes('‖')),
    [`  ‖ the service is down from here on (${outage.from})`, '  ‖ the service is up again after 1 min 30 s'],
  )
})

test('on a terminal the last lines say what runs, how far, who has to act and how long the service is down', () => {
  const { context, stderr } = fakeContext({ isTTY: true, env: { NO_COLOR: '1' } })
  const screen = rehearsalScreen(context)
  screen.show({ kind: 'planned', plan })
  screen.show({ kind: 'looked', view: applying(outage.from, now - 90_000) })
  const first = stderr()
  assert.match(first, new RegExp(`▶ 1 ${outage.from}: .* · apply · ~61 % of 1,000 rows\n`))
  assert.match(first, /\n {2}baton: customer, for .*: apply of it is for the agent\n/)
  assert.match(first, / rows · .* · downtime 1 min 30 s and counting\n$/)
  for (const line of first.split('\n')) assert.ok(line.length < 100, line)
  screen.show({ kind: 'looked', view: applying(outage.from, now - 90_000) })
  assert.ok(stderr().startsWith('\u001B[3A\r\u001B[J'), 'the three lines are written anew')
  screen.end()
  assert.equal(stderr(), '\u001B[3A\r\u001B[J')
})
