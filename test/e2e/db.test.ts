import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { checkProof } from '../../src/model/proof.ts'
import { runCli, temporaryFolder } from '../support/cli.ts'
import { type Databases, freshDatabases, urlOf } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true, redis: true })

/** The last line of stdout as JSON; the shape is what the test asserts. */
function lastLine(
  stdout: string,
): Record<string, unknown> & { tables?: readonly { name: string; rows: number; digest: string }[] } {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

describe('a source world moved by the command line', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let databases: Databases
  let env: Record<string, string>
  const db = (verb: string, ...more: readonly string[]) =>
    runCli(['db', verb, '--source', 'env:SOURCE', '--target', 'env:TARGET', '--json', ...more], {
      cwd: folder.path,
      env,
    })
  const decide = [
    'zero-date=replace',
    'invalid-date=replace',
    'time-out-of-range=quarantine',
    'nul-byte=replace',
    'undecodable-text=replace',
    'boolean-out-of-range=replace',
    'orphan=quarantine',
  ].flatMap((decision) => ['--decide', decision])

  const lastPlan = async () => String((await databases.postgres('SELECT max(id) FROM plans'))[0]?.[0])

  before(async () => {
    folder = await temporaryFolder()
    databases = await freshDatabases(servers)
    const { host, port, password } = servers.redis()
    env = {
      SOURCE: urlOf(databases.source),
      TARGET: urlOf(databases.target),
      REDIS: `redis://:${encodeURIComponent(password.reveal('reach the test Redis'))}@${host}:${port}/0`,
    }
  })
  after(() => folder.remove())

  test('world source fills the source and says how much it made', async () => {
    const args = [
      '--release',
      '2.13',
      '--tenants',
      '2',
      '--scale',
      '0.05',
      '--seed',
      '7',
      '--edge-rows',
      '--mysql',
      'env:SOURCE',
      '--redis',
      'env:REDIS',
      '--json',
    ]
    const { code, stdout, stderr } = await runCli(['world', 'source', ...args], { cwd: folder.path, env })
    assert.equal(code, 0, stderr)
    const result = lastLine(stdout)
    assert.equal(result['verdict'], 'generated')
    assert.equal(result.tables?.length, 90)
    assert.ok(Number(result['keys']) > 100)
  })

  test('db assess needs no target, exits 3 while decisions are missing and 0 when each class has one', async () => {
    const open = await runCli(['db', 'assess', '--source', 'env:SOURCE', '--json'], { cwd: folder.path, env })
    assert.equal(open.code, 3, open.stderr)
    assert.equal(lastLine(open.stdout)['verdict'], 'undecided')
    const decided = await db('assess', ...decide)
    assert.equal(decided.code, 0, decided.stderr)
    assert.equal(lastLine(decided.stdout)['verdict'], 'decided')
  })

  test('db copy stops with exit code 3 and then copies with decisions from a file', async () => {
    const stopped = await db('copy')
    assert.equal(stopped.code, 3, stopped.stderr)
    assert.equal(lastLine(stopped.stdout)['verdict'], 'stopped')

    const made = await runCli(['init', '--defaults'], { cwd: folder.path })
    assert.equal(made.code, 0, made.stderr)
    const file = join(folder.path, 'decided.yaml')
    const decisions = decide.filter((_, i) => i % 2 === 1).map((text) => `  ${text.replace('=', ': ')}`)
    const defaults = await readFile(join(folder.path, 'migration.yaml'), 'utf8')
    assert.ok(defaults.includes('decisions:'))
    await writeFile(file, defaults.replace('decisions: {}', `decisions:\n${decisions.join('\n')}`))
    const copied = await db('copy', '-c', file)
    assert.equal(copied.code, 0, copied.stderr)
    const result = lastLine(copied.stdout)
    assert.equal(result['verdict'], 'copied')
    for (const table of result.tables ?? []) assert.match(table.digest, /^[0-9a-f]{32}$/)
  })

  test('db verify exits 0, and 2 with the row and column when one cell was changed by hand', async () => {
    const equal = await db('verify')
    assert.equal(equal.code, 0, equal.stdout.slice(-2000))
    assert.equal(lastLine(equal.stdout)['verdict'], 'equal')
    const [[id] = []] = await databases.postgres(
      "UPDATE plans SET name = name || 'x' WHERE id = (SELECT max(id) FROM plans) RETURNING id",
    )
    const different = await db('verify')
    assert.equal(different.code, 2)
    const result = lastLine(different.stdout)
    assert.equal(result['verdict'], 'different')
    assert.deepEqual(result['differences'], [{ kind: 'changed-row', table: 'plans', key: id, columns: ['name'] }])
    const told = await runCli(['db', 'verify', '--source', 'env:SOURCE', '--target', 'env:TARGET'], {
      cwd: folder.path,
      env,
    })
    assert.equal(told.code, 2)
    assert.ok(told.stdout.includes(`plans row ${String(id)} differs in name`), told.stdout)
  })

  test('db verify --proof writes what anyone can check offline: the copy, its ledger, and both sides by table and tenant', async () => {
    const file = join(folder.path, 'proof.json')
    const { code, stdout } = await db('verify', '--proof', 'proof.json')
    assert.equal(code, 2, 'the cell that was changed by hand is still there')
    const bytes = await readFile(file)
    const checked = checkProof(bytes)
    if (checked.kind === 'broken') assert.fail(checked.problems.join('; '))
    const { copy, tables, verdict, made } = checked.proof
    assert.deepEqual(verdict.differences, [`plans row ${await lastPlan()} differs in name`])
    const report = lastLine(stdout)
    assert.deepEqual(
      tables.map(({ name, source }) => ({ name, rows: source.rows, digest: source.digest })),
      report.tables?.map(({ name, rows, digest }) => ({ name, rows, digest })),
    )
    assert.ok(tables.some((table) => table.tenants.length > 1))
    assert.ok(copy !== null && copy.finishedAt !== null)
    assert.ok(copy.tables.every(({ sent, reread }) => sent !== null && reread))
    const entries = copy.changes.reduce((sum, change) => sum + change.entries, 0)
    assert.equal(entries, verdict.declared.cells + verdict.declared.rows)
    assert.ok(entries > 0)
    // The databases are named, and no more of the URLs is.
    assert.match(made.source, /^mysql:\/\/127\.0\.0\.1:\d+\//)
    for (const side of [databases.source, databases.target])
      assert.ok(!bytes.includes(side.password.reveal('look for it')))

    await databases.postgres('UPDATE plans SET name = left(name, -1) WHERE id = (SELECT max(id) FROM plans)')
    assert.equal((await db('verify', '--proof', 'proof.json')).code, 0)
    const equal = checkProof(await readFile(file))
    assert.ok(equal.kind === 'sound' && equal.proof.verdict.kind === 'equal')
    // An entry of the ledger that somebody takes out is told by the digest, and by the row that nothing explains now.
    await databases.postgres(
      'DELETE FROM threeshift.row_set_aside WHERE ctid = (SELECT min(ctid) FROM threeshift.row_set_aside)',
    )
    assert.equal((await db('verify', '--proof', 'proof.json')).code, 2)
    const edited = checkProof(await readFile(file))
    assert.ok(edited.kind === 'sound')
    assert.notDeepEqual(
      edited.proof.copy?.tables.map((table) => table.ledger),
      copy.tables.map((table) => table.ledger),
    )
  })

  test('a proof that cannot be written is known before anything is compared', async () => {
    const { code, stderr } = await db('verify', '--proof', 'no/such/folder/proof.json')
    assert.equal(code, 64)
    assert.match(stderr, /FILE_UNWRITABLE.*no such file or folder/)
    assert.ok(!stderr.includes('"kind":"progress"'))
  })

  test('progress with --json is lines of JSON, with a forecast that ends where the work does', async () => {
    const { stderr } = await db('verify')
    const records = stderr.trimEnd().split('\n')
    assert.ok(records.length >= 180, 'two or more for each of 90 tables')
    for (const record of records) assert.equal(JSON.parse(record).kind, 'progress')
    const last = JSON.parse(records.at(-1) ?? '')
    assert.deepEqual([last.phase, last.tableNumber, last.done], ['verify', 90, true])
  })

  test('no password appears in any output, whatever goes wrong', async () => {
    const canary = 'c4nary-p4ssword'
    const broken = {
      SOURCE: env['SOURCE']?.replace(/:[^:@]+@/, `:${canary}@`) ?? '',
      TARGET: `postgresql://u:${canary}@127.0.0.1:1/db`,
    }
    for (const source of ['SOURCE', 'TARGET']) {
      const args = ['db', 'copy', '--source', `env:${source}`, '--target', 'env:TARGET', '--json']
      const { code, stdout, stderr } = await runCli(args, { cwd: folder.path, env: broken })
      assert.notEqual(code, 0)
      assert.ok(!`${stdout}${stderr}`.includes(canary))
      assert.equal(lastLine(stdout)['verdict'], 'failed')
    }
    const literal = await runCli(['db', 'copy', '--source', `mysql://u:${canary}@h/db`, '--target', 'env:TARGET'], {
      cwd: folder.path,
      env,
    })
    assert.equal(literal.code, 64)
    assert.ok(!`${literal.stdout}${literal.stderr}`.includes(canary))
  })

  test('a wrong decision, a wrong option and a missing reference are usage errors that say what is allowed', async () => {
    for (const [args, says] of [
      [['--decide', 'zero-dates=null'], /zero-date/],
      [['--decide', 'orphan=replace'], /stop, null, quarantine/],
      [['--schema', 'improve'], /create, adopt/],
      [['--source', 'env:NOT_SET'], /NOT_SET/],
    ] as const) {
      const { code, stderr } = await db('copy', ...args)
      assert.equal(code, 64, stderr)
      assert.match(stderr, says)
    }
  })
})
