import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fault } from '../../../src/cli/faults.ts'
import { painter, printFault } from '../../../src/cli/print-fault.ts'
import { fakeContext } from '../../support/fake-context.ts'

const example = fault('FILE_EXISTS', { file: 'migration.yaml' })

test('a fault is its code, the fact and the next action, on stderr only', () => {
  const { context, stdout, stderr } = fakeContext()
  printFault(example, context, false)
  assert.equal(
    stderr(),
    '✗ FILE_EXISTS  migration.yaml exists already\n  Next: Choose another file with --out, or replace it with --force.\n',
  )
  assert.equal(stdout(), '')
})

test('with json the verdict is one line on stdout as well', () => {
  const { context, stdout } = fakeContext()
  printFault(example, context, true)
  assert.deepEqual(JSON.parse(stdout()), {
    verdict: 'failed',
    fault: { code: 'FILE_EXISTS', message: example.message, remedy: example.remedy },
  })
})

test('colour is used on a terminal, and not with NO_COLOR, a dumb terminal or a pipe', () => {
  assert.equal(painted({ isTTY: true }), true)
  assert.equal(painted({ isTTY: true, env: { NO_COLOR: '1' } }), false)
  assert.equal(painted({ isTTY: true, env: { TERM: 'dumb' } }), false)
  assert.equal(painted({ isTTY: false }), false)
})

/** Whether red text comes out with anything added. */
function painted(options: Parameters<typeof fakeContext>[0]): boolean {
  const { context } = fakeContext(options)
  return painter(context, context.stdout)('red', 'x') !== 'x'
}
