import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runCli, temporaryFolder } from '../support/cli.ts'

const canary = 'CANARY-hunter2-4f9d'
const main = fileURLToPath(new URL('../../src/app/main.ts', import.meta.url))
let folder: Awaited<ReturnType<typeof temporaryFolder>>
before(async () => {
  folder = await temporaryFolder()
  assert.equal((await runCli(['init', '--defaults'], { cwd: folder.path })).code, 0)
})
after(() => folder.remove())

const run = (...args: readonly string[]) => runCli(args, { cwd: folder.path })

test('plan prints every row with its owner, the dropped rows with reasons and a summary, without colour', async () => {
  const { code, stdout, stderr } = await run('plan')
  assert.equal(code, 0)
  assert.equal(stderr, '')
  assert.match(stdout, /^25 +Point systems to the new routes +customer +customer +back +NO\. Point of no return/m)
  assert.match(stdout, /^P11 +Create the custom domain: the destination has no custom domain$/m)
  assert.match(stdout, /^Downtime +26 rows, from 1 quiesce to 25 new-routes$/m)
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  assert.doesNotMatch(stdout, /\u001b/)
})

test('plan --json prints exactly one object with the rows', async () => {
  const { code, stdout } = await run('plan', '-c', 'migration.yaml', '--json')
  assert.equal(code, 0)
  const plan = JSON.parse(stdout)
  assert.equal(plan.rows.length, 40)
  for (const row of plan.rows) {
    for (const key of ['id', 'number', 'owner', 'place']) assert.equal(typeof row[key], 'string', key)
    for (const key of ['serviceAffecting', 'reversible', 'inOutage']) assert.equal(typeof row[key], 'boolean', key)
    assert.ok(Array.isArray(row.dependsOn))
  }
  const last = plan.rows.at(-1)
  assert.deepEqual([last.id, last.number, last.reversible, last.serviceAffecting], ['new-routes', '25', false, true])
  assert.deepEqual(
    plan.dropped.map((row: { id: string }) => row.id),
    ['custom-domain'],
  )
})

test('plan --html writes one page beside the table', async () => {
  const { code, stdout } = await run('plan', '--html', 'plan.html')
  assert.equal(code, 0)
  assert.match(stdout, /^Summary$/m)
  const page = await readFile(join(folder.path, 'plan.html'), 'utf8')
  assert.match(page, /^<!doctype html>/)
  assert.match(page, /<\/html>\n$/)
})

test('a page that cannot be written is a fault', async () => {
  const { code, stderr } = await run('plan', '--html', 'absent/plan.html')
  assert.equal(code, 64)
  assert.match(stderr, /FILE_UNWRITABLE {2}absent\/plan\.html cannot be written \(no such file or folder\)/)
})

test('mistakes in the file are reported together, by line and column, and no secret comes out', async () => {
  const good = await readFile(join(folder.path, 'migration.yaml'), 'utf8')
  const bad = good
    .replace('url: env:SOURCE_DATABASE_URL', `url: mysql://root:${canary}@db/system`)
    .replace('accessLevel: limited', 'accessLevel: limitd')
    .replace('namespacePrefix:', `password: ${canary}\n  namespacePrefix:`)
  await writeFile(join(folder.path, 'bad.yaml'), bad)
  for (const args of [
    ['plan', '-c', 'bad.yaml'],
    ['plan', '-c', 'bad.yaml', '--json'],
  ]) {
    const { code, stdout, stderr } = await run(...args)
    assert.equal(code, 64)
    assert.match(stderr, /bad\.yaml has 3 mistakes/)
    assert.match(stderr, /bad\.yaml:\d+:1 accessLevel: "limitd" is not allowed; .* \(did you mean limited\?\)/)
    assert.match(stderr, /bad\.yaml:\d+:5 source\.database\.url: what stands there is not allowed/)
    assert.match(
      stderr,
      /bad\.yaml:\d+:3 a key in destination is not known|bad\.yaml:\d+:3 destination\.password is not known/,
    )
    assert.doesNotMatch(stdout + stderr, new RegExp(canary))
  }
})

test('a fault with --json is the last line of stdout', async () => {
  const { code, stdout } = await run('plan', '-c', 'absent.yaml', '--json')
  assert.equal(code, 64)
  const { verdict, fault } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  assert.equal(verdict, 'failed')
  assert.equal(fault.code, 'FILE_UNREADABLE')
  assert.match(fault.remedy, /threeshift init/)
})

test('an unknown command, an unknown option and a stray word are usage errors with a suggestion', async () => {
  for (const [args, says] of [
    [['plna'], /unknown command 'plna' \(Did you mean plan\?\)/],
    [['plan', '--jsn'], /unknown option '--jsn' \(Did you mean --json\?\)/],
    [['plan', 'stray'], /too many arguments for 'plan'/],
    [['plan', '--html'], /argument missing/],
    [['rehearse', '--release', canary], /is invalid\. Allowed choices are 2\.11, 2\.12, 2\.13, 2\.14, 2\.15, 2\.16/],
    [['world', 'source', '--mysql', 'env:X', '--release', canary], /is invalid\. Allowed choices are 2\.11/],
  ] as const) {
    const { code, stdout, stderr } = await run(...args)
    assert.equal(code, 64, args.join(' '))
    assert.match(stderr, says)
    assert.match(stderr, /Next: Run `threeshift(?: [a-z]+)* --help`/)
    assert.doesNotMatch(stderr, new RegExp(canary))
    assert.equal(stdout, '')
  }
})

test('a secret on the command line is not repeated', async () => {
  const { code, stdout, stderr } = await run('plan', `--password=${canary}`, '--json')
  assert.equal(code, 64)
  assert.doesNotMatch(stdout + stderr, new RegExp(canary))
  assert.doesNotMatch((await run('plan', canary)).stderr, new RegExp(canary))
})

test('help and version go to stdout and end well; no command at all shows the help', async () => {
  const help = await run('--help')
  assert.equal(help.code, 0)
  assert.match(help.stdout, /Before the move:\n {2}init .*\n {2}plan /)
  assert.match(help.stdout, /Exit codes: 0 ok · 2 differences/)
  assert.deepEqual((await run()).stdout, help.stdout)
  assert.match((await run('--version')).stdout, /^\d+\.\d+\.\d+\n$/)
  assert.equal((await run('plan', '--help')).code, 0)
  assert.doesNotMatch(help.stdout, /^Commands:/m, 'every command is in a group')
  assert.match((await run('approve', '--help')).stdout, /--reason <text> +why; it is kept \(required\)/)
})

test('a reader that leaves early is no error', async () => {
  const child = spawn(process.execPath, [main, 'plan'], { cwd: folder.path, stdio: ['ignore', 'pipe', 'pipe'] })
  // Closed before a byte is written: the first write meets a pipe that nobody reads.
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const code = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(stderr, '')
  assert.equal(code, 0)
})

test('an Oracle source is planned, and refused before anything begins', async () => {
  const text = await readFile(join(folder.path, 'migration.yaml'), 'utf8')
  const oracle = text.replace(/kind: \w+/, 'kind: oracle').replace(/version: '?5\.7'?/, "version: '19'")
  assert.notEqual(oracle, text)
  await writeFile(join(folder.path, 'oracle.yaml'), oracle)
  const planned = await run('plan', '-c', 'oracle.yaml')
  assert.equal(planned.code, 0, planned.stderr)
  assert.match(planned.stdout, /cannot read Oracle yet/)
  const refused = await run('run', '-c', 'oracle.yaml', '--as', 'ops')
  assert.equal(refused.code, 4)
  assert.match(refused.stderr, /SOURCE_UNREADABLE.*Oracle/s)
  const environment = { SOURCE: 'oracle://scott:tiger@oracle.example.com:1521/XE' }
  const assessed = await runCli(['db', 'assess', '--source', 'env:SOURCE'], { cwd: folder.path, env: environment })
  assert.equal(assessed.code, 64)
  assert.match(assessed.stderr, /Oracle is not read/)
  assert.doesNotMatch(assessed.stderr, /tiger/)
})
