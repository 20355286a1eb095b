import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { Command } from 'commander'
import { Redis } from 'ioredis'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { Stop } from '../../src/base/stop.ts'
import { registerQueues } from '../../src/cli/queues.ts'
import type { RedisEndpoint } from '../../src/model/redis-endpoint.ts'
import { redisQueueWatch, type Sleep } from '../../src/movers/redis/queue-state.ts'
import type { QueuesReport, QueuesRequest } from '../../src/ports/queues.ts'
import { fakeContext } from '../support/fake-context.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ redis: true })
const systemDb = 1
const backendDb = 2

const nothing = async () => undefined
const endpoint = (db: number): RedisEndpoint => {
  const { host, port, password } = servers.redis()
  return { host, port, password, db, tls: { kind: 'off' } }
}
const client = (db: number) => {
  const { host, port, password } = servers.redis()
  return new Redis({ host, port, password: password.reveal('reach the test Redis'), db })
}
const reasons = (report: QueuesReport) => report.samples.at(-1)?.busyBecause.join('; ') ?? ''

describe('the queues of a real Redis', () => {
  let system: Redis
  let backend: Redis
  const waits: number[] = []
  /** What happens while the watch waits. */
  let meanwhile: () => Promise<unknown> = nothing
  const sleep: Sleep = async (ms, signal) => {
    waits.push(ms)
    await meanwhile()
    signal.throwIfAborted()
  }
  const watcher = redisQueueWatch(systemClock, sleep)

  const watch = (changes: Partial<QueuesRequest> = {}): Promise<QueuesReport> =>
    watcher.watch({
      release: '2.13',
      system: endpoint(systemDb),
      backend: endpoint(backendDb),
      ignoreScheduled: [],
      samples: 3,
      everyMs: 15_000,
      onSample: () => undefined,
      signal: new AbortController().signal,
      ...changes,
    })

  before(() => {
    system = client(systemDb)
    backend = client(backendDb)
  })
  after(async () => {
    await Promise.all([system.quit(), backend.quit()])
  })
  beforeEach(async () => {
    await system.flushall()
    waits.length = 0
    meanwhile = nothing
  })

  test('are drained when they are empty at every look', async () => {
    const report = await watch()
    assert.equal(report.verdict, 'drained')
    assert.equal(report.samples.length, 3)
    assert.deepEqual(waits, [15_000, 15_000])
  })

  test('are not drained while a job is queued, and there is no second look then', async () => {
    await system.sadd('queues', 'default', 'made-by-hand')
    await system.lpush('queue:made-by-hand', '{}', '{}')
    const report = await watch()
    assert.equal(report.verdict, 'not-drained')
    assert.equal(report.samples.length, 1)
    assert.match(reasons(report), /jobs of system that are queued: 2/)
    const queue = report.samples[0]?.sidekiq?.queues.find(({ name }) => name === 'made-by-hand')
    assert.equal(queue?.jobs, 2)
  })

  test('are looked for by the release’s names too, when the set of names lacks one', async () => {
    await system.lpush('queue:zync', '{}')
    assert.match(reasons(await watch()), /jobs of system that are queued: 1/)
  })

  for (const [key, says] of [
    ['retry', /jobs of system to be tried again: 1/],
    ['schedule', /jobs of system that are scheduled: 1/],
  ] as const) {
    test(`are not drained while ${key} holds a job`, async () => {
      await system.zadd(key, 1_700_000_000, '{"class":"ReportJob"}')
      assert.match(reasons(await watch()), says)
    })
  }

  test('are drained when only dead jobs are left, which are reported', async () => {
    await system.zadd('dead', 1, 'a', 2, 'b')
    const report = await watch()
    assert.equal(report.verdict, 'drained')
    assert.equal(report.samples[0]?.sidekiq?.dead, 2)
    assert.match(report.notes.join(), /given up .*: 2/)
  })

  test('may hold scheduled jobs of classes that do not count', async () => {
    await system.zadd('schedule', 1, '{"class":"Cron"}', 2, '{"class":"ActiveJob","wrapped":"Nightly"}')
    assert.equal((await watch({ ignoreScheduled: ['Cron', 'Nightly'] })).verdict, 'drained')
    await system.zadd('schedule', 3, 'no job at all')
    assert.match(reasons(await watch({ ignoreScheduled: ['Cron', 'Nightly'] })), /jobs of system that are scheduled: 1/)
  })

  for (const suffix of [':work', ':workers']) {
    test(`are not drained while a process works, under ${suffix} whatever the release`, async () => {
      await system.sadd('processes', 'host:1:abc')
      await system.hset('host:1:abc', { info: '{}', busy: '0' })
      await system.hset(`host:1:abc${suffix}`, 'tid', '{}')
      for (const release of ['2.11', '2.16'] as const) {
        assert.match(reasons(await watch({ release })), /processes work on: 1/)
      }
      await system.hset('host:1:abc', 'busy', '1')
      assert.match(reasons(await watch()), /that are worked on: 1/)
    })
  }

  test('are drained when a process is gone without saying so', async () => {
    await system.sadd('processes', 'host:1:abc')
    const report = await watch()
    assert.equal(report.verdict, 'drained')
    assert.equal(report.samples[0]?.sidekiq?.staleProcesses, 1)
  })

  test('are not drained when jobs were done between two clean looks', async () => {
    await system.set('stat:processed', '41')
    meanwhile = () => system.incr('stat:processed')
    const report = await watch()
    assert.equal(report.verdict, 'not-drained')
    assert.equal(report.samples.length, 2)
    assert.match(reasons(report), /worked on jobs since/)
  })

  test('are found in a namespace up to 2.13, by name or by looking, and not after', async () => {
    await system.sadd('porta:queues', 'default')
    await system.lpush('porta:queue:default', '{}')
    assert.match(reasons(await watch()), /jobs of system that are queued: 1/)
    assert.match(reasons(await watch({ namespace: 'porta' })), /jobs of system that are queued: 1/)
    assert.equal((await watch({ namespace: 'other' })).verdict, 'drained')
    assert.equal((await watch({ release: '2.14' })).verdict, 'drained')
  })

  test('of the backend are not drained while a job is queued or has failed', async () => {
    await backend.rpush('resque:queue:priority', '{}')
    assert.match(reasons(await watch()), /jobs of the backend that are queued: 1/)
    await backend.del('resque:queue:priority')
    await backend.rpush('resque:failed', '{}')
    assert.match(reasons(await watch()), /failed jobs of the backend to be tried again: 1/)
  })

  test('of the backend alone may be looked at, and the report says what nobody can see', async () => {
    await backend.sadd('resque:workers', 'host:1:priority,main,stats')
    const report = await watcher.watch({
      release: '2.13',
      backend: endpoint(backendDb),
      ignoreScheduled: [],
      samples: 2,
      everyMs: 15_000,
      onSample: () => undefined,
      signal: new AbortController().signal,
    })
    assert.equal(report.verdict, 'drained')
    assert.equal(report.samples[0]?.sidekiq, null)
    assert.match(
      report.notes.join('\n'),
      /queues of system were not looked at[^]*Workers of the backend that are registered: 1/,
    )
  })

  test('sharing one database are told apart', async () => {
    await system.sadd('resque:queues', 'priority')
    await system.rpush('resque:queue:priority', '{}')
    const report = await watch({ backend: endpoint(systemDb) })
    assert.equal(report.samples[0]?.sidekiq?.queued, 0)
    assert.equal(report.samples[0]?.resque?.queued, 1)
  })

  test('behind a key of another type are a fault, not a crash', async () => {
    await system.set('queues', 'x')
    await assert.rejects(watch(), (error) => error instanceof Fault && error.code === 'QUEUES_WRONG_KEY')
  })

  test('behind a wrong password are a fault', async () => {
    const { password: _password, ...anonymous } = endpoint(systemDb)
    await assert.rejects(watch({ system: anonymous }), (error) => error instanceof Fault)
  })

  test('are left when the watch is stopped between two looks', async () => {
    const controller = new AbortController()
    meanwhile = async () => controller.abort(new Stop('operator'))
    await assert.rejects(watch({ signal: controller.signal }), Stop)
  })

  test('speak through the command: numbers, JSON and exit code', async () => {
    const { host, port, password } = servers.redis()
    const login = `redis://:${encodeURIComponent(password.reveal('write a test URL'))}@${host}:${port}`
    const run = async (...words: readonly string[]) => {
      const fake = fakeContext({ env: { SYSTEM: `${login}/${systemDb}`, BACKEND: `${login}/${backendDb}` } })
      let code = -1
      const program = new Command()
      registerQueues(program, { ...fake.context, exitWith: (exit) => (code = exit) }, { queues: watcher })
      await program.parseAsync(['queues', '--release', '2.13', ...words], { from: 'user' })
      return { code, stdout: fake.stdout(), stderr: fake.stderr() }
    }
    const clean = await run('--system', 'env:SYSTEM', '--backend', 'env:BACKEND', '--samples', '2', '--every', '1')
    assert.equal(clean.code, 0)
    assert.match(clean.stdout, /✓ drained: clean in 2 looks/)
    assert.match(clean.stderr, /look 2 of 2: clean/)
    await backend.rpush('resque:queue:main', '{}')
    const busy = await run('--backend', 'env:BACKEND', '--json')
    assert.equal(busy.code, 3)
    assert.equal(JSON.parse(busy.stdout).verdict, 'not-drained')
    await assert.rejects(run(), (error) => error instanceof Fault && error.code === 'OPTION_MISSING')
  })
})
