import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../../src/adapters/servers/free-port.ts'
import { Secret } from '../../src/base/secret.ts'
import { checkChain } from '../../src/evidence/check-chain.ts'
import { loadOrCreateKey } from '../../src/evidence/key-file.ts'
import type { MigrationView } from '../../src/ports/engine.ts'
import type { Child } from '../support/child.ts'
import { openControlBench } from '../support/control-plane.ts'
import { newDatabase, onDatabase, until } from '../support/engine.ts'
import { rowsNamed, startOf } from '../support/engine-plan.ts'
import { type Stage, startAgent, startControlPlane } from '../support/engine-programs.ts'
import { countingSteps, worldSql } from '../support/engine-steps.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const rows = rowsNamed(4, ['customer'])
const verbsPerRow = 3
const isDone = ({ state }: MigrationView) => state === 'done'

describe('agents as processes that are stopped', () => {
  let folder: string
  let bench: Awaited<ReturnType<typeof openControlBench>>
  let fake: ReturnType<typeof countingSteps>
  let engineUrl: string
  let worldUrl: string
  let port: number
  let token: string
  const children = new Set<Child>()

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threeshift-agents-'))
    worldUrl = await newDatabase(servers.postgres(), 'world')
    await onDatabase(worldUrl, (client) => client.query(worldSql))
    engineUrl = await newDatabase(servers.postgres(), 'engine')
    fake = countingSteps(
      rows.map(({ id }) => id),
      worldUrl,
      { workMs: 0 },
    )
    // Worker and server are of one control plane: they seal with the same key.
    const key = await loadOrCreateKey(join(folder, 'state', 'keys'), 'control-plane')
    bench = await openControlBench(new Secret(engineUrl), fake.steps, { leaseMs: 1000, key, serve: false })
    port = await freePort()
    token = (await bench.token('customer', 'agent', 'box')).reveal('an agent of the test')
  })
  after(async () => {
    await Promise.all([...children].map((child) => child.signal('SIGKILL')))
    await bench.close()
    await fake.close()
    await rm(folder, { recursive: true, force: true })
  })

  const stage = (workMs: number): Stage => ({
    state: join(folder, 'state'),
    databaseUrl: engineUrl,
    world: worldUrl,
    rows: rows.length,
    workMs,
    port,
    leaseSeconds: 8,
  })

  async function startServer(): Promise<Child> {
    const child = startControlPlane(stage(0))
    children.add(child)
    await child.said((line) => line.startsWith('Serving at'))
    return child
  }

  async function agentOf(workMs: number): Promise<Child> {
    const child = startAgent('customer', token, stage(workMs))
    children.add(child)
    await child.said((line) => line.includes('"ready"'))
    return child
  }

  const calls = (migration: string) =>
    onDatabase(worldUrl, async (client) => {
      const found = await client.query<{ row_id: string; verb: string; fence: string; is_cut: boolean }>(
        'SELECT row_id, verb, fence, ended IS NULL AS is_cut FROM calls WHERE migration = $1 ORDER BY id',
        [migration],
      )
      return found.rows
    })

  async function untilCalls(migration: string, count: number): Promise<void> {
    while ((await calls(migration)).length < count) await wait(20)
  }

  test('an agent that was stopped past its lease and goes on later is refused: another has done its verb', async () => {
    const server = await startServer()
    const frozen = await agentOf(3000)
    await bench.engine.start(startOf('frozen', rows.slice(0, 1), { agents: ['customer'] }))
    await untilCalls('frozen', 1)
    await frozen.signal('SIGSTOP')
    const other = await agentOf(0)
    const heard = frozen.lines.length
    await until(bench.engine, 'frozen', isDone, 120_000)
    await frozen.signal('SIGCONT')
    assert.match(await frozen.said((line) => line.includes('lease-lost'), heard), /"verb":"check"/)
    // It is as good as new.
    await bench.engine.start(startOf('thawed', rows.slice(0, 1), { agents: ['customer'] }))
    await other.signal('SIGTERM')
    await until(bench.engine, 'thawed', isDone, 120_000)
    await frozen.signal('SIGTERM')
    await server.signal('SIGTERM')
    const { problems, records } = checkChain(await bench.lines('frozen'))
    assert.deepEqual(problems, [])
    assert.equal(records.filter(({ statement }) => statement.kind === 'verb-reported').length, verbsPerRow)
  })

  test('an agent that is stopped in order gives its verb back, and the next one goes on at once', async () => {
    const server = await startServer()
    const leaving = await agentOf(600_000)
    await bench.engine.start(startOf('handed', rows.slice(0, 1), { agents: ['customer'] }))
    await untilCalls('handed', 1)
    await leaving.signal('SIGTERM')
    const { rows: tasks } = await bench.pool.query("SELECT state FROM threeshift.agent_task WHERE migration = 'handed'")
    assert.deepEqual(tasks, [{ state: 'waiting' }])
    const next = await agentOf(0)
    await until(bench.engine, 'handed', isDone, 120_000)
    await next.signal('SIGTERM')
    await server.signal('SIGTERM')
  })
})
