import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { parse } from 'yaml'
import { runCli, temporaryFolder } from '../support/cli.ts'

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
  assert.equal(stdout, 'Wrote migration.yaml. Next: threeshift plan -c migration.yaml\n')
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
  assert.deepEqual(JSON.parse(stdout), { verdict: 'written', file: 'migration.yaml', migration: 'rehearsal' })
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
