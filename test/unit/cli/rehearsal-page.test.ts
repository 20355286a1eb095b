import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '../../../src/base/clock.ts'
import { rehearsalPage } from '../../../src/cli/pages/rehearsal-page.ts'
import type { RehearsalReport } from '../../../src/ports/rehearsal.ts'
import type { SourceFacts, VerifiedTable } from '../../../src/ports/system-database.ts'

const source: SourceFacts = {
  product: 'mariadb',
  version: '10.11',
  release: '2.13',
  tables: 1,
  snapshot: 'one transaction',
}
const users: VerifiedTable = {
  name: 'users',
  rows: 1200,
  digest: 'aa11',
  equal: true,
  targetRows: 1200,
  targetDigest: 'aa11',
  tenants: [{ tenant: '3', rows: 1200, digest: 'aa11', targetRows: 1200, targetDigest: 'aa11', equal: true }],
}
const verify = {
  verdict: 'equal',
  source,
  tables: [users],
  differences: [],
  truncated: false,
  copy: null,
  declared: { cells: 2, rows: 1 },
  declaration: null,
  notChecked: [],
  tookMs: 900,
} as const
const proven: RehearsalReport = {
  verdict: 'proven',
  // Branding a constant.
  startedAt: Date.UTC(2026, 10, 23) as EpochMs,
  tookMs: 21_000,
  seed: 7,
  edgeRows: true,
  machine: { cores: 2, memoryBytes: 4e9, node: '24.0.0', targetVersion: 'PostgreSQL 18' },
  stages: [{ stage: 'servers', tookMs: 1500, says: 'Two servers' }],
  world: { release: '2.13', wildcardDomain: 'apps.example.com', tables: [], rows: 1200, keys: 0, tookMs: 9 },
  assess: { verdict: 'decided', source, tables: [], findings: [], notes: [] },
  copy: {
    verdict: 'copied',
    source,
    tables: [{ name: 'users', rows: 1200, digest: 'aa11', bytes: 5000, stored: 'equal', tookMs: 12 }],
    findings: [],
    notes: [],
    resumed: false,
    changed: 2,
    setAside: 1,
    tookMs: 800,
  },
  verify,
  decisions: {},
  notChecked: ['Redis'],
}

test('a proven rehearsal says so first, and lists tables, tenants and what was not checked', () => {
  const page = rehearsalPage(proven)
  assert.match(page, /<title>Rehearsal: Proven<\/title>/)
  assert.match(page, /✓ equal/)
  assert.match(page, /id="tenants"[^]*id="not-checked"[^]*<li>Redis<\/li>/)
  assert.doesNotMatch(page, /id="differences"|✗/)
})

test('a different one lists the differences, both counts and both digests', () => {
  const page = rehearsalPage({
    ...proven,
    verdict: 'different',
    verify: {
      ...verify,
      verdict: 'different',
      tables: [
        {
          ...users,
          equal: false,
          targetRows: 1199,
          targetDigest: '',
          tenants: [{ tenant: '3', rows: 1200, digest: 'aa11', targetRows: 0, targetDigest: '', equal: false }],
        },
      ],
      differences: [{ kind: 'missing-row', table: 'users', key: 'id=9' }],
      truncated: true,
    },
  })
  assert.match(page, /<h1 class="verdict different"><span aria-hidden="true">✗<\/span> Different<\/h1>/)
  assert.match(page, /Differences \(the first of each table\)<\/h2><ul><li>[^<]*users[^<]*id=9[^<]*<\/li>/)
  assert.match(page, /1,200 \/ 1,199/)
  assert.match(page, /<code>aa11<\/code><br><code>none<\/code>/)
  assert.equal(page.split('✗ different').length, 3)
  assert.match(page, /0 of 1 tables equal/)
})

test('a stopped one says what needs a decision, and that nothing was copied or compared', () => {
  const { copy: _copy, verify: _verify, ...rest } = proven
  const page = rehearsalPage({
    ...rest,
    verdict: 'stopped',
    assess: {
      ...proven.assess,
      verdict: 'undecided',
      findings: [
        {
          class: 'zero-date',
          table: 'invoices',
          column: 'period',
          count: 4,
          examples: ['id=1', 'id=2'],
          allowed: ['stop', 'null'],
          decided: 'stop',
        },
      ],
    },
  })
  assert.match(page, /<h1 class="verdict stopped"><span aria-hidden="true">!<\/span> Stopped<\/h1>/)
  assert.match(page, /<code>invoices\.period<\/code><\/td><td class="num">4<\/td><td>stop<\/td>\n<td><small>id=1; id=2/)
  assert.match(page, /<dt>Copy<\/dt><dd>not begun<\/dd>[^]*<dt>Proof<\/dt><dd>not begun<\/dd>/)
  assert.doesNotMatch(page, /id="tables"|id="tenants"|NaN|undefined/)
})

test('whatever text a report holds is escaped', () => {
  const evil = `<script>alert("1")</script>'&`
  const page = rehearsalPage({
    ...proven,
    verdict: 'different',
    machine: { ...proven.machine, targetVersion: evil, node: evil },
    stages: [{ stage: 'servers', tookMs: 0, says: evil }],
    assess: {
      ...proven.assess,
      source: { ...source, snapshot: evil, version: evil },
      notes: [evil],
      findings: [
        {
          class: 'orphan',
          table: evil,
          column: evil,
          count: 1,
          examples: [evil],
          allowed: ['stop'],
          decided: 'stop',
        },
      ],
    },
    verify: {
      ...verify,
      tables: [
        {
          ...users,
          name: evil,
          tenants: [{ tenant: evil, rows: 1, digest: '', targetRows: 0, targetDigest: '', equal: false }],
        },
      ],
      differences: [
        { kind: 'changed-row', table: evil, key: evil, columns: [evil] },
        { kind: 'schema', table: evil, says: evil },
      ],
    },
    notChecked: [evil],
  })
  assert.doesNotMatch(page, /<script|"1"\)/)
  assert.ok(page.split('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#39;&#38;').length > 12)
})
