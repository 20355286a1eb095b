import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { Fault } from '../../../src/base/fault.ts'
import { defaultMigration } from '../../../src/cli/default-migration.ts'
import { decodeMigration } from '../../../src/cli/read-migration.ts'
import { writeMigration } from '../../../src/cli/write-migration.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { migrationWith } from '../../support/migrations.ts'

const canary = 'CANARY-hunter2-4f9d'
const file = writeMigration(migrationWith())

function mistakesIn(text: string): readonly string[] {
  try {
    decodeMigration(text, 'm.yaml')
  } catch (error) {
    assert.ok(error instanceof Fault)
    assert.equal(error.code, 'MIGRATION_INVALID')
    assert.equal(error.exit, 64)
    assert.doesNotMatch(error.message + error.remedy + inspect(error.cause), new RegExp(canary))
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
  }
  return []
}

/** The file with one line replaced, and the number of that line. */
function withLine(pattern: RegExp, replacement: string): { readonly text: string; readonly line: number } {
  const lines = file.split('\n')
  const at = lines.findIndex((line) => pattern.test(line))
  assert.ok(at >= 0, String(pattern))
  lines[at] = (lines[at] ?? '').replace(pattern, replacement)
  return { text: lines.join('\n'), line: at + 1 }
}

test('what init writes is read back as the same migration', () => {
  assert.deepEqual(decodeMigration(file, 'm.yaml'), migrationWith())
  const defaults = defaultMigration(fakeContext().context.clock.now())
  assert.deepEqual(decodeMigration(writeMigration(defaults), 'm.yaml'), defaults)
})

test('a wrong word is shown with its place, what is allowed and what was probably meant', () => {
  const { text, line } = withLine(/^( {4}kind: ).*$/, '$1mysq')
  assert.deepEqual(mistakesIn(text), [
    `m.yaml:${line}:5 source.database.kind: "mysq" is not allowed; allowed: mysql, mariadb, postgresql, oracle (did you mean mysql?)`,
  ])
})

test('an unknown key is shown with its place and the key that was probably meant', () => {
  const { text, line } = withLine(/^accessLevel:/, 'acessLevel:')
  const [unknown = '', missing = ''] = mistakesIn(text).toSorted((a, b) => (a.includes('not known') ? -1 : b.length))
  assert.equal(unknown, `m.yaml:${line}:1 acessLevel is not known; did you mean accessLevel?`)
  assert.match(missing, /accessLevel is missing; allowed: limited, extended-limits, no-access/)
})

test('all mistakes are in one fault, in the order of the file', () => {
  const text = file
    .replace("release: '2.13'", "release: '2.99'")
    .replace("rhoamVersion: '1.45'", 'rhoamVersion: latest')
  const mistakes = mistakesIn(text)
  assert.equal(mistakes.length, 2)
  assert.match(
    mistakes[0] ?? '',
    /source\.release: "2\.99" is not allowed; allowed: 2\.11, 2\.12, 2\.13, 2\.14, 2\.15, 2\.16$/,
  )
  assert.match(
    mistakes[1] ?? '',
    /destination\.rhoamVersion: "latest" is not allowed; allowed: a version such as '1\.45'/,
  )
})

test('a block whose lines are all comments counts as left out, and a field without a value as missing', () => {
  const empty = file.replace(/^decisions: .*$/m, 'decisions:').replace(/^name: .*$/m, 'name:')
  assert.deepEqual(mistakesIn(empty), [
    'm.yaml:11:1 name is empty; expected: A short name, used on every page and report',
  ])
})

test('numbers without quotes are read as they are written', () => {
  assert.equal(decodeMigration(file.replace("release: '2.13'", 'release: 2.13'), 'm.yaml').source.release, '2.13')
  const tens = file.replace("rhoamVersion: '1.45'", 'rhoamVersion: 1.40')
  assert.equal(decodeMigration(tens, 'm.yaml').destination.rhoamVersion, '1.40')
})

test('the file may be JSON', () => {
  assert.deepEqual(decodeMigration(JSON.stringify(migrationWith()), 'm.json'), migrationWith())
})

test('a URL where a reference belongs is refused and not shown', () => {
  const { text, line } = withLine(/^( {4}url: ).*$/, `$1mysql://root:${canary}@db.example.com/system`)
  assert.deepEqual(mistakesIn(text), [
    `m.yaml:${line}:5 source.database.url: what stands there is not allowed; allowed: env:NAME (an environment variable) or file:PATH; never the URL itself`,
  ])
})

test('a password in any field at all is never shown', () => {
  const lines = file.split('\n')
  for (const [at, line] of lines.entries()) {
    if (!/^ *[\w-]+:/.test(line)) continue
    for (const secret of [
      canary,
      `mysql://root:${canary}@h/d`,
      `"${canary}"`,
      `{ ${canary}: ${canary} }`,
      `[${canary}]`,
      `${canary}: x`,
    ]) {
      const changed = lines.with(at, line.replace(/:.*$/, `: ${secret}`))
      const mistakes = mistakesIn(changed.join('\n'))
      // Free text and names may hold it; everything else refuses it.
      if (mistakes.length === 0) assert.match(line, /^name|file:/)
    }
    mistakesIn(lines.with(at, `${line}\n${' '.repeat(line.search(/\S/))}${canary}: ${canary}`).join('\n'))
    mistakesIn(lines.with(at, `${line}\n${' '.repeat(line.search(/\S/))}password: ${canary}`).join('\n'))
  }
})

test('broken YAML is reported with its place and without its text', () => {
  assert.deepEqual(mistakesIn(`version: 1\nname: "${canary}\n`).length > 0, true)
  assert.match(mistakesIn('version: 1\nversion: 1\n').join(), /m\.yaml:2:1 this key stands twice/)
  assert.match(mistakesIn(`a:\n\t- ${canary}\n`).join(), /m\.yaml:2:\d+ .*tab/)
  assert.match(mistakesIn(`a: *${canary}\n`).join(), /m\.yaml:1:\d+ an alias/)
})

test('an empty file, a list and a bare word say what is expected', () => {
  for (const text of ['', '# nothing\n', '- a\n', 'word\n']) {
    assert.match(
      mistakesIn(text).join(),
      /^m\.yaml:1:\d the file.*expected: a block with version, name/,
      JSON.stringify(text),
    )
  }
})

test('aliases that multiply without end are refused', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]',
    'c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]',
    'd: [*c,*c,*c,*c,*c]',
  ]
  assert.match(mistakesIn(bomb.join('\n')).join(), /aliases/)
})

test('any text at all is either a migration or one fault with at least one mistake', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab1:-{}[]"\'#&*!|>%@`, \n\t')) }), (text) => {
      assert.ok(mistakesIn(text).length > 0)
    }),
    { numRuns: 500 },
  )
})
