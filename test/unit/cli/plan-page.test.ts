import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatWindow } from '../../../src/cli/pages/format-window.ts'
import { planPage } from '../../../src/cli/pages/plan-page.ts'
import { compile } from '../../../src/runbook/compile.ts'
import { runbook } from '../../../src/runbook/rows.ts'
import { migrationWith } from '../../support/migrations.ts'

const plan = compile(runbook, migrationWith())
const page = planPage(plan)

test('the page holds every row once in the lanes and once in detail, and no link leads nowhere', () => {
  for (const row of plan.rows) {
    assert.equal(page.split(`id="row-${row.id}"`).length, 2, row.id)
    assert.equal(page.split(`id="detail-${row.id}"`).length, 2, row.id)
  }
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(page.includes(`id="${target}"`), target)
})

test('the page needs nothing from outside: no script, no address, no import', () => {
  assert.doesNotMatch(page, /<script|<link|<img|https?:|src=|@import|url\((?!#)/)
  assert.match(page, /default-src 'none'/)
})

test('the window is opened before quiesce, the point of no return stands before new-routes, the window closes after', () => {
  const order = [
    'Before the window',
    'Service window opens',
    'id="row-quiesce"',
    'Point of no return</b> <span>Two',
    'id="row-new-routes"',
    'Service window closes',
  ]
  const places = order.map((text) => page.indexOf(text))
  assert.ok(
    places.every((place) => place > 0),
    places.join(),
  )
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  )
})

test('text from the migration is escaped everywhere', () => {
  const evil = `<script>alert("1")</script>'&`
  const dangerous = { ...plan, migration: evil, contacts: { customer: evil }, decisions: { [evil]: 'null' as const } }
  const text = planPage(dangerous)
  assert.doesNotMatch(text, /<script>/)
  assert.match(text, /&#60;script&#62;alert\(&#34;1&#34;\)&#60;\/script&#62;&#39;&#38;/)
})

test('the service column says in words what the colour says', () => {
  for (const word of ['>stops<', '>down<', '>back<', '>up<']) assert.ok(page.includes(word), word)
})

test('dropped rows and decisions are on the page', () => {
  assert.match(page, /the destination has no custom domain/)
  assert.match(planPage({ ...plan, decisions: { orphan: 'quarantine' } }), /rows whose foreign key names no row/)
})

test('a plan without a window or dropped rows has a page too', () => {
  const { window: _, ...rest } = compile(runbook, migrationWith({ customDomain: 'api.example.com' }))
  const text = planPage({ ...rest, window: undefined })
  assert.match(text, /Not agreed yet/)
  assert.doesNotMatch(text, /Left out, and why/)
})

test('a window is shown in its own zone, in UTC, and with its end', () => {
  assert.equal(
    formatWindow({ start: '2026-12-05T22:00:00+01:00', limit: '4h' }),
    'Sat 5 Dec 2026, 22:00 +01:00 (Sat 5 Dec 2026, 21:00 UTC), at most 4h, so until Sun 6 Dec 2026, 01:00 UTC',
  )
  assert.equal(
    formatWindow({ start: '2026-12-31T23:30:00Z', limit: '1h' }),
    'Thu 31 Dec 2026, 23:30 UTC, at most 1h, so until Fri 1 Jan 2027, 00:30 UTC',
  )
})
