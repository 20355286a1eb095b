import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { parse } from 'yaml'
import { runCli, temporaryFolder } from '../support/cli.ts'
import { runOnTerminal } from '../support/terminal.ts'

const canary = 'CANARY-hunter2-4f9d'
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const run = (...args: readonly string[]) => runCli(args, { cwd: folder.path })
const read = (file: string) => readFile(join(folder.path, file), 'utf8')
const write = (file: string, text: string) => writeFile(join(folder.path, file), text)

test('init --defaults writes a complete file that plan accepts, with a comment above every field', async () => {
  const { code, stdout } = await run('init', '--defaults')
  assert.equal(code, 0)
  assert.equal(
    stdout,
    'Wrote migration.yaml and migration.schema.json beside it. Next: threeshift plan -c migration.yaml\n',
  )
  const text = await read('migration.yaml')
  assert.match(text, /^# yaml-language-server: \$schema=/)
  const lines = text.split('\n')
  for (const [at, line] of lines.entries()) {
    if (/^ *[\w-]+:/.test(line)) assert.match(lines[at - 1] ?? '', /^ *# /, `line ${at + 1}: ${line}`)
  }
  assert.equal((await run('plan')).code, 0)
})

test('a file that exists is not overwritten without --force', async () => {
  await write('migration.yaml', 'mine\n')
  const refused = await run('init', '--defaults')
  assert.equal(refused.code, 64)
  assert.match(refused.stderr, /FILE_EXISTS {2}migration\.yaml exists already/)
  assert.equal(await read('migration.yaml'), 'mine\n')
  assert.equal((await run('init', '--defaults', '--force')).code, 0)
  assert.notEqual(await read('migration.yaml'), 'mine\n')
})

test('without a terminal and without answers init says what to do', async () => {
  const { code, stderr } = await run('init')
  assert.equal(code, 64)
  assert.match(stderr, /INIT_NEEDS_ANSWERS {2}there is no terminal to ask questions on/)
  assert.match(stderr, /--defaults.*--from FILE/)
})

test('init --from takes answers from YAML or JSON and the rest from the defaults', async () => {
  await write(
    'answers.yaml',
    'name: acme\naccessLevel: no-access\nsource:\n  database: { kind: postgresql, version: 13 }\n',
  )
  await write(
    'answers.json',
    '{"name":"acme","accessLevel":"no-access","source":{"database":{"kind":"postgresql","version":"13"}}}',
  )
  for (const file of ['answers.yaml', 'answers.json']) {
    assert.equal((await run('init', '--from', file, '--out', `${file}.out`)).code, 0)
    const written = parse(await read(`${file}.out`))
    assert.equal(written.name, 'acme')
    assert.equal(written.accessLevel, 'no-access')
    assert.deepEqual(written.source.database, { kind: 'postgresql', version: '13', url: 'env:SOURCE_DATABASE_URL' })
    assert.equal(written.source.release, '2.13')
  }
})

test('a decision that is null in the answers is the action null in the file', async () => {
  await write('answers.yaml', 'decisions: { zero-date: null, orphan: ~ }\n')
  assert.equal((await run('init', '--from', 'answers.yaml')).code, 0)
  assert.deepEqual(parse(await read('migration.yaml')).decisions, { 'zero-date': 'null', orphan: 'null' })
  assert.match((await run('plan')).stdout, /^Decisions zero-date=null, orphan=null$/m)
  await write('answers.yaml', 'decisions: { zero-dates: null }\n')
  const { code, stderr } = await run('init', '--from', 'answers.yaml', '--force')
  assert.equal(code, 64)
  assert.match(stderr, /answers\.yaml:1:14 decisions\.zero-dates: null is not allowed; allowed: CLASS or/)
})

test('the schema that the first line names is written beside the file; another one there is left unless forced', async () => {
  const schema = (await run('init', '--schema')).stdout
  assert.equal((await run('init', '--defaults')).code, 0)
  const named = /^# yaml-language-server: \$schema=\.\/(.*)$/m.exec(await read('migration.yaml'))?.[1] ?? ''
  assert.equal(await read(named), schema)

  await write(named, '{}\n')
  const left = await run('init', '--defaults', '--out', 'second.yaml', '--json')
  assert.equal(left.code, 0)
  assert.equal(JSON.parse(left.stdout).schema, 'left')
  assert.match(left.stderr, /Another migration\.schema\.json is there and was left as it is; --force replaces it/)
  assert.equal(await read(named), '{}\n')

  assert.equal(JSON.parse((await run('init', '--defaults', '--force', '--json')).stdout).schema, 'written')
  assert.equal(await read(named), schema)
  assert.equal(JSON.parse((await run('init', '--defaults', '--force', '--json')).stdout).schema, 'same')
})

test('mistakes in the answers are reported at their place in that file, and nothing is written', async () => {
  await write('answers.yaml', `name: Acme Corp\nsource:\n  databse: { url: ${canary} }\n`)
  const { code, stderr, stdout } = await run('init', '--from', 'answers.yaml')
  assert.equal(code, 64)
  assert.match(stderr, /answers\.yaml:1:1 name: "Acme Corp" is not allowed; allowed: lower-case letters/)
  assert.match(stderr, /answers\.yaml:3:3 source\.databse is not known; did you mean database\?/)
  assert.doesNotMatch(stdout + stderr, new RegExp(canary))
  await assert.rejects(read('migration.yaml'), { code: 'ENOENT' })
})

test('init --json prints one object', async () => {
  const { stdout } = await run('init', '--defaults', '--json')
  assert.deepEqual(JSON.parse(stdout), {
    verdict: 'written',
    file: 'migration.yaml',
    migration: 'rehearsal',
    schema: 'written',
  })
})

test('init --schema prints the JSON Schema and writes nothing', async () => {
  const { code, stdout } = await run('init', '--schema')
  assert.equal(code, 0)
  const schema = JSON.parse(stdout)
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
  assert.deepEqual(schema.required, ['version', 'name', 'accessLevel', 'source', 'migrationCluster', 'destination'])
  await assert.rejects(read('migration.yaml'), { code: 'ENOENT' })
})

test('a folder that does not exist is a fault that names the file', async () => {
  const { code, stderr } = await run('init', '--defaults', '--out', 'absent/migration.yaml')
  assert.equal(code, 64)
  assert.match(stderr, /FILE_UNWRITABLE {2}absent\/migration\.yaml/)
})

/** What the user sees asked, and what is typed; Enter alone takes the first choice, or leaves an optional text empty. */
const dialogue = [
  ['A short name for it', 'Acme\r\u007F\u007F\u007F\u007Facme\r'],
  ["How far may the vendor into the customer's accounts", '\r'],
  ['Which 3scale does the source run', '\r'],
  ['On which database', '\u001B[B\r'],
  ['Of which version', '10.6\r'],
  ["The source's wildcard domain", 'apps.old.acme.test\r'],
  ["The migration cluster's", 'apps.between.acme.test\r'],
  ["The destination's", 'apps.new.acme.test\r'],
  ['Its custom domain', '\r'],
  ['Which RHOAM runs there', '1.40\r'],
] as const

test('init asks ten questions, and the file holds the answers and nothing invented', async () => {
  const { code, screen } = await answer(dialogue)
  assert.equal(code, 0, screen)
  assert.match(screen, /Allowed: lower-case letters, digits and dashes/)
  const text = await read('migration.yaml')
  const written = parse(text)
  assert.equal(written.name, 'acme')
  assert.equal(written.accessLevel, 'limited')
  assert.equal(written.source.release, '2.13')
  assert.deepEqual(written.source.database, { kind: 'mariadb', version: '10.6', url: 'env:SOURCE_DATABASE_URL' })
  assert.deepEqual(
    [written.source, written.migrationCluster, written.destination].map((place) => place.wildcardDomain),
    ['apps.old.acme.test', 'apps.between.acme.test', 'apps.new.acme.test'],
  )
  assert.deepEqual([written.destination.rhoamVersion, written.destination.threescaleRelease], ['1.40', '2.13'])
  for (const key of ['aws', 'customDomain']) assert.ok(!(key in written.destination), key)
  assert.deepEqual([written.window, written.contacts ?? {}], [undefined, {}])
  for (const example of ['aws:', 'window:', 'customer:', 'customDomain:']) {
    assert.match(text, new RegExp(`^ *# ${example}`, 'm'), example)
  }
  assert.doesNotMatch(text.replaceAll(/^ *#.*$/gm, ''), /example\.com|123456789012/)
  assert.match((await run('plan')).stdout, /^Upgrade +2\.13 → 2\.13-mas$/m)
})

test('for a RHOAM that is not on file init asks for its 3scale as well, and takes a custom domain', async () => {
  const { code, screen } = await answer([
    ...dialogue.slice(0, 8),
    ['Its custom domain', 'api.acme.test\r'],
    ['Which RHOAM runs there', '1.99\r'],
    ['And which 3scale does that RHOAM run', '\r'],
  ])
  assert.equal(code, 0, screen)
  const { destination } = parse(await read('migration.yaml'))
  assert.deepEqual([destination.rhoamVersion, destination.threescaleRelease], ['1.99', '2.16'])
  assert.equal(destination.customDomain, 'api.acme.test')
})

test('Ctrl-C at a question ends init safely, and nothing is written', async () => {
  const { code, screen } = await answer([...dialogue.slice(0, 1), [dialogue[1][0], '\u0003']])
  assert.equal(code, 4, screen)
  assert.match(screen, /STOPPED/)
  await assert.rejects(read('migration.yaml'), { code: 'ENOENT' })
})

/** Runs `init` on a terminal, types each answer once its question is on the screen, and waits for the end. */
function answer(questions: readonly (readonly [string, string])[]) {
  return runOnTerminal(['init'], { cwd: folder.path, dialogue: questions })
}
