import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson } from '../../../../src/adapters/threescale/parse-json.ts'

test('whole numbers that a number would round come as bigint, all else as JSON.parse has it', () => {
  assert.deepEqual(parseJson('{"id":9007199254740993,"small":7,"part":1.5,"list":[-9223372036854775808,"x",null]}'), {
    id: 9007199254740993n,
    small: 7,
    part: 1.5,
    list: [-9223372036854775808n, 'x', null],
  })
  assert.throws(() => parseJson('<html>'), SyntaxError)
})
