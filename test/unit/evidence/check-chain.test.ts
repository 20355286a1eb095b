import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { checkChain } from '../../../src/evidence/check-chain.ts'
import { recordHash, recordLine } from '../../../src/evidence/record.ts'
import type { JournalRecord } from '../../../src/model/evidence.ts'
import { makeKey, sampleChain, statementOf, TestChain } from '../../support/chains.ts'

function problemsOf(lines: readonly string[]): readonly string[] {
  return checkChain(lines).problems.map(({ where, says }) => `${where}: ${says}`)
}

function recordAt(records: readonly JournalRecord[], at: number): JournalRecord {
  const record = records[at]
  assert.ok(record)
  return record
}

test('a chain as it was written has no problem, and gives its keys', () => {
  const { chain } = sampleChain(8)
  const checked = checkChain(chain.lines)
  assert.deepEqual(checked.problems, [])
  assert.equal(checked.records.length, 8)
  assert.deepEqual(
    checked.keys.map(({ holder, since }) => [holder, since]),
    [
      ['control-plane', 0],
      ['customer', 1],
    ],
  )
})

test('a record that was dropped is named, wherever it was', () => {
  const { chain } = sampleChain(8)
  for (let at = 1; at < 7; at++) {
    const [first, ...others] = problemsOf(chain.lines.toSpliced(at, 1))
    assert.equal(first, `record ${at + 1}: it stands where record ${at} belongs: record ${at} missing before it`)
    // What followed from the key that only the dropped record had introduced.
    if (at !== 1)
      assert.deepEqual(
        others.filter((says) => !says.includes('had seen')),
        [],
      )
  }
})

test('two records that were swapped are both named', () => {
  const { chain } = sampleChain(8)
  const lines = chain.lines.with(4, chain.lines[5] ?? '').with(5, chain.lines[4] ?? '')
  const said = problemsOf(lines)
  assert.equal(said[0], 'record 5: it stands where record 4 belongs: record 4 missing before it')
  assert.equal(said[1], 'record 4: it stands where record 6 belongs: it was moved or repeated')
  assert.equal(said.length, 2)
})

test('a signature of somebody else, of another statement or for another purpose is refused', () => {
  const { chain, customer } = sampleChain(6)
  const old = recordAt(chain.records, 4)
  const forge = (signature: JournalRecord['signature']) => {
    const unsealed = { ...old, signature }
    const hash = recordHash(unsealed)
    return chain.lines.with(4, recordLine({ ...unsealed, hash, seal: chain.sealer.sign('seal', hash) }))
  }
  const foreign = makeKey('customer')
  assert.match(
    problemsOf(forge(foreign.sign('statement', old.statement)))[0] ?? '',
    /^record 4: it is signed with a foreign key/,
  )
  const other = recordAt(chain.records, 3)
  assert.equal(problemsOf(forge(other.signature))[0], 'record 4: its signature is not valid')
  assert.equal(problemsOf(forge(customer.sign('manifest', old.statement)))[0], 'record 4: its signature is not valid')
})

test('a record that was changed and hashed again is found by its signature; changed and signed by another key, by its seal', () => {
  const { chain } = sampleChain(6)
  const old = recordAt(chain.records, 4)
  const changed = { ...old, statement: { ...old.statement, body: { says: 'nothing happened' } } }
  const rehashed = { ...changed, hash: recordHash(changed) }
  assert.match(problemsOf(chain.lines.with(4, recordLine(rehashed)))[0] ?? '', /^record 4: its seal is not valid/)
  const resealed = { ...rehashed, seal: chain.sealer.sign('seal', rehashed.hash) }
  assert.equal(problemsOf(chain.lines.with(4, recordLine(resealed)))[0], 'record 4: its signature is not valid')
  const foreign = { ...rehashed, seal: makeKey('control-plane').sign('seal', rehashed.hash) }
  assert.match(
    problemsOf(chain.lines.with(4, recordLine(foreign)))[0] ?? '',
    /^record 4: it is sealed with a foreign key/,
  )
})

test('the control plane cannot rewrite what a party has seen', () => {
  const { chain, customer } = sampleChain(6)
  const rewritten = new TestChain(chain.sealer)
  rewritten.introduce(customer)
  rewritten.add(statementOf({ party: 'control-plane', body: { says: 'something else' } }), chain.sealer)
  for (const { statement } of chain.records.slice(3)) rewritten.add(statement, customer)
  assert.match(problemsOf(rewritten.lines)[0] ?? '', /^record 3: customer had seen another record 2 when it signed/)
})

test('a key is rotated by the key before it, for parties and for the control plane; the old one counts no longer', () => {
  const { chain, customer } = sampleChain(5)
  const second = makeKey('customer', customer)
  const third = makeKey('customer', second)
  chain.introduce(third)
  chain.add(statementOf({}), third)
  const sealer = makeKey('control-plane', chain.sealer)
  chain.sealer = sealer
  chain.introduce(sealer)
  chain.add(statementOf({}), third)
  assert.deepEqual(problemsOf(chain.lines), [])
  chain.add(statementOf({}), customer)
  assert.match(problemsOf(chain.lines)[0] ?? '', /^record 9: it is signed with a foreign key/)
})

test('a key that nobody endorsed is foreign, unless the chain says that the old one was lost', () => {
  const { chain } = sampleChain(4)
  const stranger = makeKey('customer')
  const forgotten = sampleChain(4).chain
  chain.introduce(stranger)
  assert.match(problemsOf(chain.lines)[0] ?? '', /^record 4: it introduces a foreign key/)
  const body = { holder: 'customer' }
  forgotten.add(statementOf({ party: 'control-plane', kind: 'key-forgotten', body }), forgotten.sealer)
  forgotten.introduce(stranger)
  forgotten.add(statementOf({}), stranger)
  const checked = checkChain(forgotten.lines)
  assert.deepEqual(checked.problems, [])
  assert.match(checked.notes[0] ?? '', /^record 4: the key of customer was declared lost/)
})

test('only the control plane writes about keys', () => {
  const { chain, customer } = sampleChain(4)
  const body = { holder: 'bu-srep', lineage: makeKey('bu-srep').lineage }
  chain.add(statementOf({ kind: 'key-introduced', body }), customer)
  assert.equal(problemsOf(chain.lines)[0], 'record 4: only the control plane writes key-introduced')
  const forged = sampleChain(4)
  const statement = statementOf({ party: 'control-plane', kind: 'key-introduced', body })
  forged.chain.add(statement, forged.customer)
  assert.match(problemsOf(forged.chain.lines)[0] ?? '', /^record 4: it is signed with a foreign key/)
})

test('a record of another migration does not belong here', () => {
  const { chain, customer } = sampleChain(4)
  chain.add(statementOf({ migration: 'other' }), customer)
  assert.equal(problemsOf(chain.lines)[0], 'record 4: it is of another migration')
})

test('the same record in any other text is not the record', () => {
  const { chain } = sampleChain(4)
  const line = chain.lines[3] ?? ''
  for (const other of [
    ` ${line}`,
    line.replace('"seq":3', '"seq":3.0'),
    line.replace('{', '{"more":1,'),
    line.replace('done', '\\u0064one'),
    JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line) as object).reverse())),
  ]) {
    assert.notEqual(other, line)
    assert.deepEqual(problemsOf(chain.lines.with(3, other)), ['record 3: line 4 is not the record that was written'])
  }
  assert.equal(canonicalJson(JSON.parse(line)), line)
})
