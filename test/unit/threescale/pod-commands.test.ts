import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  parseMasterPlanChange,
  rakeCommand,
  rakeTasks,
  restoreMasterPlanCommand,
  setMasterPlanCommand,
} from '../../../src/threescale/pod-commands.ts'

test('a rake task is a list of words that needs no shell', () => {
  assert.deepEqual(rakeCommand(rakeTasks.resyncDomains), ['bundle', 'exec', 'rake', 'zync:resync:domains'])
})

test('what a script is made with cannot become part of it', () => {
  assert.throws(() => setMasterPlanCommand("x'; Account.destroy_all; '"))
  assert.throws(() => restoreMasterPlanCommand('1); Account.destroy_all'))
})

test('the change is found among what Rails prints beside it, and nothing else is taken for it', () => {
  const line = '{"threeshift":{"service":2,"before":null,"after":9}}'
  assert.deepEqual(parseMasterPlanChange(`DEPRECATION WARNING: x\n${line}\n`), {
    serviceId: '2',
    before: null,
    after: '9',
  })
  assert.equal(parseMasterPlanChange(`said ${line}`), undefined)
  assert.equal(parseMasterPlanChange(''), undefined)
})
