import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Secret } from '../../src/base/secret.ts'
import { loadOrCreateKey } from '../../src/evidence/key-file.ts'
import { runCli, temporaryFolder } from '../support/cli.ts'
import { openControlBench } from '../support/control-plane.ts'
import { newDatabase, onDatabase, until } from '../support/engine.ts'
import { gateWith, startOf } from '../support/engine-plan.ts'
import { countingSteps, worldSql } from '../support/engine-steps.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const rows = [{ id: 'first' }, { id: 'last' }]
const reason = '<script>alert("x")</script> & because'

describe('report and verify-report', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let bench: Awaited<ReturnType<typeof openControlBench>>
  let fake: ReturnType<typeof countingSteps>
  let env: Readonly<Record<string, string>>
  const cli = (...args: readonly string[]) => runCli(args, { cwd: folder.path, env })

  before(async () => {
    folder = await temporaryFolder()
    const worldUrl = await newDatabase(servers.postgres(), 'world')
    await onDatabase(worldUrl, (client) => client.query(worldSql))
    fake = countingSteps(
      rows.map(({ id }) => id),
      worldUrl,
      { workMs: 0 },
    )
    const url = await newDatabase(servers.postgres(), 'engine')
    env = { THREESHIFT_DATABASE_URL: url, THREESHIFT_STATE_DIR: join(folder.path, 'state') }
    const key = await loadOrCreateKey(join(folder.path, 'state', 'keys'), 'control-plane')
    bench = await openControlBench(new Secret(url), fake.steps, { leaseMs: 30_000, key, serve: false })
    await bench.engine.start(startOf('acme', rows, { gates: { last: gateWith() } }))
    await until(bench.engine, 'acme', ({ state }) => state === 'waiting-for-person')
    const by = { party: 'customer' as const, name: 'Carla' }
    await bench.engine.answer({ migration: 'acme', row: 'last', verdict: 'approved', by, reason })
    await until(bench.engine, 'acme', ({ state }) => state === 'done')
  })
  after(async () => {
    await bench.close()
    await fake.close()
    await folder.remove()
  })

  test('report writes a pack that verify-report finds sound, and with one byte changed does not', async () => {
    await writeFile(join(folder.path, 'ledger.jsonl'), '{"kind":"bucket"}\n')
    const made = await cli('report', 'acme', '--out', 'pack', '--attach', 'ledger.jsonl')
    assert.equal(made.code, 0, made.stderr)
    assert.match(made.stdout, /^done: \d+ records of acme\n/)
    const sound = await cli('verify-report', 'pack')
    assert.equal(sound.code, 0, sound.stdout)
    assert.match(
      sound.stdout,
      /^✓ sound: \d+ records of acme\n {2}control-plane signs with [0-9a-f]{16} from record 0 on/,
    )
    const file = join(folder.path, 'pack', 'journal.jsonl')
    const text = await readFile(file, 'utf8')
    const at = text.indexOf('approved')
    const record = text.slice(0, at).split('\n').length - 1
    await writeFile(file, `${text.slice(0, at)}X${text.slice(at + 1)}`)
    const tampered = await cli('verify-report', 'pack', '--json')
    assert.equal(tampered.code, 2)
    const outcome = JSON.parse(tampered.stdout) as { verdict: string; problems: { where: string }[] }
    assert.equal(outcome.verdict, 'tampered')
    assert.equal(outcome.problems[0]?.where, `record ${record}`)
    await writeFile(file, text)
    const { stdout } = await cli('party', 'key', 'show', 'control-plane', '--json')
    const { key } = JSON.parse(stdout) as { key: string }
    assert.equal((await cli('verify-report', 'pack', '--trust', `control-plane=${key}`)).code, 0)
    assert.equal((await cli('verify-report', 'pack', '--trust', `control-plane=${'0'.repeat(64)}`)).code, 2)
    assert.equal((await cli('verify-report', 'pack', '--trust', 'nobody=1')).code, 64)
    assert.equal((await cli('verify-report', 'nowhere')).code, 64)
    assert.equal((await cli('report', 'acme', '--out', 'pack')).code, 64)
    assert.equal((await cli('report', 'unknown', '--out', 'other')).code, 64)
  })

  test('the page says who decided what and why, escaped, and fetches nothing', async () => {
    const report = JSON.parse(await readFile(join(folder.path, 'pack', 'report.json'), 'utf8')) as {
      verdict: string
      rowsConfirmed: string[]
      deeds: { name: string; reason: string }[]
      measured: { equal: boolean }[]
      changes: { row: string }[]
      verbs: { outcome: string }[]
    }
    assert.equal(report.verdict, 'done')
    assert.deepEqual(report.rowsConfirmed, ['first', 'last'])
    assert.deepEqual(
      report.deeds.map(({ name, reason }) => [name, reason]),
      [['Carla', reason]],
    )
    assert.equal(report.measured.filter(({ equal }) => equal).length, 2)
    assert.deepEqual(
      report.changes.map(({ row }) => row),
      ['last'],
    )
    assert.ok(report.verbs.every(({ outcome }) => outcome === 'ended'))
    const page = await readFile(join(folder.path, 'pack', 'report.html'), 'utf8')
    assert.ok(!page.includes('<script'), 'what people write is shown, not run')
    assert.ok(page.includes('&#60;script&#62;alert'))
    assert.ok(!/\b(?:src|href)=/.test(page))
    for (const words of ['Carla', 'ledger.jsonl', 'What this pack does not show', 'Keys that signed']) {
      assert.ok(page.includes(words), words)
    }
  })
})
