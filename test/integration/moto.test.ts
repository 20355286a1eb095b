import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startMoto } from '../../src/adapters/servers/moto.ts'
import { Fault } from '../../src/base/fault.ts'
import { Stop } from '../../src/base/stop.ts'
import { callMoto, motoPrograms, withMoto } from '../support/moto.ts'
import { temporaryFolder } from '../support/servers.ts'

/** Every process whose command line names the folder. */
function processesOf(dir: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir)
    } catch {
      return false
    }
  })
}

describe('a private AWS', () => {
  const moto = withMoto()
  let dir = ''
  before(() => {
    dir = temporaryFolder()
  })
  after(() => rmSync(dir, { recursive: true, force: true }))

  const start = (name: string, signal = new AbortController().signal, binaries = motoPrograms) =>
    startMoto({ dir: join(dir, name), binaries, signal })

  test('answers on loopback for every service that a migration touches', async () => {
    assert.equal(moto().endpoint, `http://127.0.0.1:${moto().port}`)
    const calls = {
      ec2: { Action: 'DescribeVpcs', Version: '2016-11-15' },
      elasticache: { Action: 'DescribeReplicationGroups', Version: '2015-02-02' },
      iam: { Action: 'ListUsers', Version: '2010-05-08' },
      rds: { Action: 'DescribeDBInstances', Version: '2014-10-31' },
      sts: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    }
    for (const [service, form] of Object.entries(calls)) {
      assert.match(await callMoto(moto(), service, form), new RegExp(`<${form.Action}Response`))
    }
  })

  test('ends with stop, which may be called twice, and its folder can be used again', async () => {
    for (let n = 0; n < 2; n++) {
      const running = await start('restarted')
      assert.deepEqual(processesOf(join(dir, 'restarted')), [String(running.pid)])
      await Promise.all([running.stop(), running.stop()])
      assert.deepEqual(processesOf(join(dir, 'restarted')), [])
    }
  })

  test('that is aborted while it starts throws the reason and leaves no process', async () => {
    for (const afterMs of [0, 50, 200]) {
      const controller = new AbortController()
      const starting = start('aborted', controller.signal)
      const timer = setTimeout(() => controller.abort(new Stop('operator')), afterMs)
      await assert.rejects(starting, (error) => error instanceof Stop)
      clearTimeout(timer)
      assert.deepEqual(processesOf(join(dir, 'aborted')), [])
    }
  })

  test('says how to get it where it is not installed', async () => {
    const missing = await start('missing', undefined, join(dir, 'nothing-here')).catch((error: unknown) => error)
    assert.ok(missing instanceof Fault)
    assert.equal(missing.code, 'SERVER_PROGRAM_MISSING')
    assert.equal(missing.remedy, 'Install it: npm run setup')
    assert.ok(!existsSync(join(dir, 'missing')))
  })

  test('that cannot start names its log', async () => {
    const settings = { INITIAL_NO_AUTH_ACTION_COUNT: 'no number' }
    const { signal } = new AbortController()
    const refused = startMoto({ dir: join(dir, 'refused'), binaries: motoPrograms, settings, signal })
    const error = await refused.catch((error: unknown) => error)
    assert.ok(error instanceof Fault)
    assert.equal(error.code, 'SERVER_NOT_STARTED')
    assert.match(readFileSync(join(dir, 'refused', 'server.log'), 'utf8'), /no number/)
  })
})
