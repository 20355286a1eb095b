import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classOfKey, decisionFor, isDecisionKey } from '../../../src/model/decision.ts'

test('the decision on a column wins over that on its class, and nothing decided stops', () => {
  const decisions = { 'zero-date': 'null', 'zero-date@invoices.period': 'replace' } as const
  assert.equal(decisionFor(decisions, 'zero-date', 'invoices', 'period'), 'replace')
  assert.equal(decisionFor(decisions, 'zero-date', 'invoices', 'due_on'), 'null')
  assert.equal(decisionFor(decisions, 'zero-date', 'periods', 'invoices'), 'null')
  assert.equal(decisionFor(decisions, 'orphan', 'invoices', 'period'), 'stop')
  assert.equal(decisionFor({}, 'nul-byte', 'users', 'email'), 'stop')
})

test('a key is a class, or a class at one column of one table', () => {
  for (const key of ['zero-date', 'orphan', 'nul-byte@users.email', 'orphan@cms_templates.section_id']) {
    assert.ok(isDecisionKey(key), key)
  }
  for (const key of [
    '',
    'zero-dates',
    'Zero-Date',
    '@users.email',
    'orphan@',
    'orphan@users',
    'orphan@users.',
    'orphan@.email',
    'orphan@a.b.c',
    'toString',
    '__proto__',
  ]) {
    assert.ok(!isDecisionKey(key), key)
  }
})

test('the class of a key is known by what stands before the @', () => {
  assert.equal(classOfKey('orphan@users.account_id'), 'orphan')
  for (const key of ['', 'orphans', 'constructor', '@orphan']) assert.equal(classOfKey(key), undefined, key)
})
