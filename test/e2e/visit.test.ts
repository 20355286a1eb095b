import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Secret } from '../../src/base/secret.ts'
import { checkChain } from '../../src/evidence/check-chain.ts'
import { loadKey } from '../../src/evidence/key-file.ts'
import { runCli, temporaryFolder } from '../support/cli.ts'
import { openControlBench } from '../support/control-plane.ts'
import { newDatabase, onDatabase, until } from '../support/engine.ts'
import { gateWith, startOf } from '../support/engine-plan.ts'
import { countingSteps, worldSql } from '../support/engine-steps.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const rows = [{ id: 'ours' }, { id: 'theirs', owner: 'customer' as const }]

describe("a party's person at the control plane, over HTTPS", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let bench: Awaited<ReturnType<typeof openControlBench>>
  let fake: ReturnType<typeof countingSteps>

  before(async () => {
    folder = await temporaryFolder()
    const worldUrl = await newDatabase(servers.postgres(), 'world')
    await onDatabase(worldUrl, (client) => client.query(worldSql))
    fake = countingSteps(
      rows.map(({ id }) => id),
      worldUrl,
      { workMs: 0 },
    )
    const url = new Secret(await newDatabase(servers.postgres(), 'engine'))
    bench = await openControlBench(url, fake.steps, { leaseMs: 30_000, serve: true })
    await writeFile(join(folder.path, 'ca.pem'), bench.certificate)
    const gates = {
      ours: gateWith({ parties: ['customer'], approvals: 1 }),
      theirs: gateWith({ parties: ['bu-srep'] }),
    }
    await bench.engine.start({ ...startOf('acme', rows, { gates }), by: { party: 'customer', name: 'Carla' } })
    await until(bench.engine, 'acme', ({ state }) => state === 'waiting-for-person')
  })
  after(async () => {
    await bench.close()
    await fake.close()
    await folder.remove()
  })

  /** Runs a command on the machine of `who`, with nothing but the token, and the state folder of that machine. */
  const on = async (who: string, token: Secret, ...args: readonly string[]) => {
    const server = ['--server', bench.url, '--ca', 'ca.pem', '--token', 'env:TOKEN', '--json']
    const env = {
      TOKEN: token.reveal('a test'),
      THREESHIFT_STATE_DIR: join(folder.path, who),
      // Whoever went to a database would fail.
      THREESHIFT_DATABASE_URL: 'postgresql://nobody@localhost:1/nothing',
    }
    const { code, stdout, stderr } = await runCli([...args, ...server], { cwd: folder.path, env })
    return { code, stderr, result: JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}') }
  }

  /** How a `status` with these options ends. */
  const codeOf = async (...args: readonly string[]) => {
    const { code, stdout } = await runCli(['status', '--json', ...args], { cwd: folder.path, env: { TOKEN: 'x' } })
    return `${code} ${JSON.parse(stdout).fault.code}`
  }

  test('sees what is asked, is not enough for her own request, and is signed for by her party’s own key', async () => {
    const carla = await bench.token('customer', 'approver', 'Carla', ['acme'])
    const dora = await bench.token('customer', 'approver', 'Dora', ['acme'])
    const sam = await bench.token('bu-srep', 'approver', 'Sam')

    const shown = await on('customer', carla, 'status', 'acme')
    assert.equal(shown.code, 3, shown.stderr)
    const [migration] = shown.result.migrations
    assert.deepEqual([migration.baton.party, migration.baton.row], ['customer', 'ours'])
    assert.equal(migration.gate.explanation.summary, 'puts ours there')
    assert.deepEqual(
      migration.rows.map(({ id }: { id: string }) => id),
      ['theirs'],
    )
    const others = await on('bu-srep', sam, 'status', 'acme')
    assert.deepEqual([others.result.migrations[0].gate, others.result.migrations[0].rows], [null, []])

    const early = await on('bu-srep', sam, 'approve', 'acme', 'ours', '--reason', 'why not')
    assert.deepEqual([early.code, early.result.fault.code], [64, 'AGENT_NOTHING_ASKED'])
    const named = await on('customer', dora, 'approve', 'acme', 'ours', '--reason', 'x', '--as', 'Sam')
    assert.deepEqual([named.code, named.result.fault.code], [64, 'OPTION_INVALID'])
    const stale = await on('customer', dora, 'approve', 'acme', 'ours', '--reason', 'x', '--digest', '0'.repeat(64))
    assert.deepEqual([stale.code, stale.result.fault.code], [64, 'ENGINE_SHOWN_CHANGED'])

    const alone = await on('customer', carla, 'approve', 'acme', 'ours', '--reason', 'I want it')
    assert.equal(alone.code, 0, alone.stderr)
    assert.match(alone.result.migrations[0].gate.missing.join(), /somebody other than Carla/)
    const { digest } = migration.gate
    const agreed = await on('customer', dora, 'approve', 'acme', 'ours', '--reason', 'as agreed', '--digest', digest)
    assert.equal(agreed.code, 0, agreed.stderr)
    await until(bench.engine, 'acme', ({ baton }) => baton.row === 'theirs' && baton.party === 'bu-srep')
    const refused = await on('bu-srep', sam, 'reject', 'acme', 'theirs', '--reason', 'not today')
    assert.equal(refused.code, 0, refused.stderr)
    await until(bench.engine, 'acme', ({ state }) => state === 'failed-safe')

    const { records, problems } = checkChain(await bench.lines('acme'))
    assert.deepEqual(problems, [])
    const signers = records
      .filter(({ statement: { kind } }) => kind === 'approved' || kind === 'rejected')
      .map(({ statement, signature }) => `${statement.actor} ${statement.kind} ${signature.key}`)
    const keyOf = async (who: 'customer' | 'bu-srep') => (await loadKey(join(folder.path, who, 'keys'), who))?.id
    assert.deepEqual(signers, [
      `Carla approved ${await keyOf('customer')}`,
      `Dora approved ${await keyOf('customer')}`,
      `Sam rejected ${await keyOf('bu-srep')}`,
    ])
    assert.deepEqual(await readdir(join(folder.path, 'customer')), ['keys'])
  })

  test('is told what is wrong with the address, the certificate, the token or its role', async () => {
    const agent = await bench.token('customer', 'agent', 'box')
    const role = await on('customer', agent, 'approve', 'acme', 'ours', '--reason', 'x')
    assert.deepEqual([role.code, role.result.fault.code], [64, 'CONTROL_TOKEN_ROLE'])
    const stranger = await on('customer', new Secret('tst_x'), 'status')
    assert.deepEqual([stranger.code, stranger.result.fault.code], [64, 'CONTROL_TOKEN_REFUSED'])
    assert.equal(await codeOf('--server', bench.url), '64 OPTION_MISSING')
    assert.equal(await codeOf('--server', bench.url, '--token', 'env:TOKEN'), '64 AGENT_SERVER_UNTRUSTED')
    const nowhere = ['--server', 'https://localhost:1', '--token', 'env:TOKEN', '--ca', 'ca.pem']
    assert.equal(await codeOf(...nowhere), '4 AGENT_SERVER_UNREACHABLE')
  })
})
