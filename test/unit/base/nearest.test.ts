import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from '../../../src/base/nearest.ts'

const words = ['limited', 'extended-limits', 'no-access']

test('a slip of the keyboard finds the word that was meant', () => {
  assert.equal(nearest('limted', words), 'limited')
  assert.equal(nearest('Limited', words), 'limited')
  assert.equal(nearest('no-acecss', words), 'no-access')
})

test('another word finds nothing', () => {
  assert.equal(nearest('everything', words), undefined)
  assert.equal(nearest('', words), undefined)
})
