import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { checkProof, type ProofContent, sealProof } from '../../../src/model/proof.ts'

const hex = (value: bigint) => (value % 2n ** 128n).toString(16).padStart(32, '0')
const at = '2026-11-23T10:00:00.000Z'

type Tenant = readonly [rows: number, digest: bigint]

/** One table of three tenants, two cells changed and one row set aside, equal on both sides. */
function content(
  tenants: readonly Tenant[] = [
    [2, 2n ** 127n],
    [3, 2n ** 127n + 5n],
    [1, 9n],
  ],
): ProofContent {
  const sum = {
    rows: tenants.reduce((all, [rows]) => all + rows, 0),
    digest: hex(tenants.reduce((all, [, digest]) => all + digest, 0n)),
  }
  return {
    made: { by: 'threeshift 0.1.0', at, source: 'mysql://db:3306/system', target: 'postgresql://pg:5432/system' },
    copy: {
      source: 'mysql://db:3306/system',
      snapshot: 'consistent',
      position: 'log.000007:4711',
      plan: 'ab'.repeat(32),
      startedAt: at,
      finishedAt: at,
      tables: [{ name: 'users', sent: sum, reread: true, ledger: { entries: 3, digest: hex(77n) } }],
      changes: [
        { table: 'users', column: 'born', reason: 'zero-date', action: 'null', entries: 2 },
        { table: 'users', column: 'account_id', reason: 'orphan', action: 'quarantine', entries: 1 },
      ],
    },
    tables: [
      {
        name: 'users',
        equal: true,
        source: sum,
        target: sum,
        tenants: tenants.map(([rows, digest], i) => {
          const side = { rows, digest: hex(digest) }
          return { tenant: String(i), source: side, target: side }
        }),
      },
    ],
    verdict: { kind: 'equal', differences: [], more: false, declared: { cells: 2, rows: 1 }, notChecked: ['roles'] },
  }
}

/** `change` gets a copy that it may write to; what JSON.parse gives is `any`. */
function changed(change: (copy: ReturnType<typeof JSON.parse>) => unknown): ProofContent {
  const copy = JSON.parse(JSON.stringify(content()))
  change(copy)
  return copy
}

const problemsOf = (text: string | Buffer) => {
  const checked = checkProof(Buffer.from(text))
  return checked.kind === 'broken' ? checked.problems : []
}

test('a proof is sound as it was sealed, whatever the tenants come to', () => {
  const tenant = fc.tuple(fc.nat(), fc.bigInt(0n, 2n ** 128n - 1n))
  fc.assert(
    fc.property(fc.array(tenant, { minLength: 1 }), (tenants) => {
      const checked = checkProof(Buffer.from(sealProof(content(tenants))))
      assert.deepEqual(checked.kind === 'sound' ? [] : checked.problems, [])
    }),
  )
})

test('any byte that is changed, lost or added is noticed', () => {
  const sealed = Buffer.from(sealProof(content()))
  const place = fc.nat({ max: sealed.length - 1 })
  fc.assert(
    fc.property(place, fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const bytes = Buffer.from(sealed)
      bytes[index] = (bytes[index] ?? 0) ^ flip
      assert.notDeepEqual(problemsOf(bytes), [])
    }),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(place, (index) => {
      const [before, after] = [sealed.subarray(0, index), sealed.subarray(index)]
      assert.notDeepEqual(problemsOf(Buffer.concat([before, after.subarray(1)])), [])
      assert.notDeepEqual(problemsOf(Buffer.concat([before, Buffer.from(' '), after])), [])
      assert.notDeepEqual(problemsOf(before), [])
    }),
  )
})

test('the section that was changed is named', () => {
  const proof = JSON.parse(sealProof(content()))
  for (const section of ['made', 'copy', 'tables', 'verdict']) {
    const other = structuredClone(proof)
    if (section === 'tables') other.tables[0].name = 'user'
    else if (section === 'verdict') other.verdict.notChecked = []
    else other[section].source = 'mysql://other:3306/system'
    assert.deepEqual(problemsOf(`${canonicalJson(other)}\n`), [
      `the section ${section} was changed since the proof was made`,
    ])
  }
})

test('a proof that was sealed again does not pass when it says what its numbers do not', () => {
  const cases: readonly (readonly [RegExp, ProofContent])[] = [
    [
      /tenants of users do not add up to the table, at the target/,
      changed((c) => (c.tables[0].tenants[1].target.digest = hex(1n))),
    ],
    [
      /tenants of users do not add up to the table, at the source/,
      changed((c) => (c.tables[0].tenants[2].source.rows = 7)),
    ],
    [/users is not equal, and the verdict is/, changed((c) => (c.tables[0].equal = false))],
    [
      /users is not equal, and the verdict is/,
      changed((c) => Object.assign(c.tables[0], { tenants: [], target: { rows: 5, digest: hex(1n) } })),
    ],
    [
      /users is not equal, and the verdict is/,
      changed((c) =>
        Object.assign(c.tables[0], { tenants: [], source: { rows: 0, digest: '' }, target: { rows: 0, digest: '' } }),
      ),
    ],
    [
      /names differences, and the verdict is equal/,
      changed((c) => c.verdict.differences.push('users row 7 differs in born')),
    ],
    [/names no difference/, changed((c) => (c.verdict.kind = 'different'))],
    [/cut off/, changed((c) => (c.copy.finishedAt = null))],
    [/declares other values and rows than the ledger has/, changed((c) => (c.verdict.declared.cells = 1))],
  ]
  for (const [says, other] of cases) assert.match(problemsOf(sealProof(other)).join('; '), says)
})

test('what is no proof is refused as such', () => {
  for (const text of ['', '{}', 'null', '[1]', '{"format":"threeshift-proof-1"}', '\u0000'])
    assert.deepEqual(problemsOf(text), ['it is not a proof of this format'])
})
