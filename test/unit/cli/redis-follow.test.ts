import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { objectsOnDemand } from '../../../src/app/objects-on-demand.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { Fault } from '../../../src/base/fault.ts'
import { registerRedis } from '../../../src/cli/redis.ts'
import { redisMover } from '../../../src/movers/redis/mover.ts'
import { fakeContext } from '../../support/fake-context.ts'

/** The fault that the command ends with; no server is reached. */
async function refusalOf(...more: readonly string[]): Promise<string> {
  const { context } = fakeContext({ env: { LIVE: 'redis://127.0.0.1:1/0', T: 'redis://127.0.0.1:1/0' } })
  const program = new Command('threeshift').exitOverride()
  registerRedis(program, context, { redisMover: redisMover(systemClock, objectsOnDemand(context.env)) })
  const args = ['redis', 'copy', '--source', 'env:LIVE', '--target', 'env:T', ...more]
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof Fault) return `${error.code} ${error.exit}`
    throw error
  }
  return 'none'
}

test('--follow goes with an empty target and a live source only', async () => {
  assert.equal(await refusalOf('--follow', '5'), 'REDIS_UNREACHABLE 4')
  for (const more of [['--mode', 'merge'], ['--onto-existing'], ['--source', 'file:dump.rdb']]) {
    assert.equal(await refusalOf('--follow', '5', ...more), 'USAGE 64', more.join(' '))
  }
  for (const seconds of ['0', '-1', '1.5', 'soon']) {
    assert.equal(await refusalOf('--follow', seconds), 'OPTION_INVALID 64', seconds)
  }
})
