import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { Fault } from '../../../src/base/fault.ts'
import { defaultMigration } from '../../../src/cli/default-migration.ts'
import { decodeMigration } from '../../../src/cli/read-migration.ts'
import { writeMigration } from '../../../src/cli/write-migration.ts'
import type { Decisions } from '../../../src/model/decision.ts'
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

/** What is decided in the file when `text` stands in place of its decisions. */
function decisions(text: string): Decisions {
  return decodeMigration(file.replace(/^decisions: .*$/m, text), 'm.yaml').decisions
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
  assert.deepEqual(mistakesIn(text), [
    'm.yaml:8:1 accessLevel is missing; allowed: limited, extended-limits, no-access',
    `m.yaml:${line}:1 acessLevel is not known; did you mean accessLevel?`,
  ])
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

test('a null that is written out is kept: in a decision it is the action of that name', () => {
  for (const written of ['null', '~', "'null'", 'Null']) {
    assert.deepEqual(decisions(`decisions: { zero-date: ${written} }`), { 'zero-date': 'null' }, written)
  }
  assert.deepEqual(decodeMigration('{"decisions":{"orphan":null}}', 'm.json', migrationWith()).decisions, {
    orphan: 'null',
  })
  assert.deepEqual(decisions('decisions: { zero-date: , orphan }'), {})
})

test('a null where none belongs is a mistake, and nothing at all after a key is an empty field', () => {
  const { text, line } = withLine(/^decisions: .*$/, 'decisions: { zero-dates: null }')
  const [mistake = ''] = mistakesIn(text)
  assert.match(
    mistake,
    new RegExp(`^m\\.yaml:${line}:14 decisions\\.zero-dates: null is not allowed; allowed: CLASS or`),
  )
  const name = withLine(/^name: .*$/, 'name: ~')
  assert.match(mistakesIn(name.text).join(), new RegExp(`^m\\.yaml:${name.line}:1 name: null is not allowed;`))
})

test('every wrong decision is listed with the actions of its class, whatever stands there', () => {
  const wrong = ['decisions:', '  zero-date: replce', '  orphan: replace', '  nul-byte: true', '  invalid-date: [stop]']
  const { text, line } = withLine(/^decisions: .*$/, [...wrong, '  zero-dates: stop', '  orphan@a.b: null'].join('\n'))
  assert.deepEqual(mistakesIn(text.replace("threescaleRelease: '2.16'", "threescaleRelease: '2.12'")).slice(-5), [
    `m.yaml:${line + 1}:3 decisions.zero-date: "replce" is not allowed; allowed: stop, null, replace, quarantine`,
    `m.yaml:${line + 2}:3 decisions.orphan: "replace" is not allowed; allowed: stop, null, quarantine`,
    `m.yaml:${line + 3}:3 decisions.nul-byte: what stands there is not allowed; allowed: stop, null, replace, quarantine`,
    `m.yaml:${line + 4}:3 decisions.invalid-date: what stands there is not allowed; allowed: stop, null, replace, quarantine`,
    `m.yaml:${line + 5}:3 decisions.zero-dates: "stop" is not allowed; allowed: CLASS or CLASS@TABLE.COLUMN; classes: ` +
      'zero-date, invalid-date, time-out-of-range, nul-byte, undecodable-text, boolean-out-of-range, orphan',
  ])
})

test('one mistake is one line', () => {
  const { text, line } = withLine(/^( {2}limit: ).*$/, '$14x')
  assert.deepEqual(mistakesIn(text), [
    `m.yaml:${line}:3 window.limit: "4x" is not allowed; allowed: a duration such as 4h, 90m or 1h30m`,
  ])
})

test('a RHOAM that runs another 3scale than the file says is a mistake; one that nobody knows yet is let through', () => {
  const { text, line } = withLine(/^( {2}threescaleRelease: ).*$/, "$1'2.15'")
  assert.deepEqual(mistakesIn(text), [
    `m.yaml:${line}:3 destination.threescaleRelease: "2.15" is not allowed; allowed: 2.16, which is what RHOAM 1.45 runs`,
  ])
  const newer = text.replace("rhoamVersion: '1.45'", "rhoamVersion: '1.99'")
  assert.equal(decodeMigration(newer, 'm.yaml').destination.threescaleRelease, '2.15')
})

test('what a file leaves out is taken from the base, where there is one', () => {
  const base = migrationWith()
  const decoded = decodeMigration('name: other\nsource:\n  namespace: threescale\nwindow:\n', 'm.yaml', base)
  assert.deepEqual(decoded, { ...base, name: 'other', source: { ...base.source, namespace: 'threescale' } })
})

test('numbers without quotes are read as they are written', () => {
  assert.equal(decodeMigration(file.replace("release: '2.13'", 'release: 2.13'), 'm.yaml').source.release, '2.13')
  const tens = file.replace("rhoamVersion: '1.45'", 'rhoamVersion: 1.40')
  const release = tens.replace("threescaleRelease: '2.16'", 'threescaleRelease: 2.13')
  assert.equal(decodeMigration(release, 'm.yaml').destination.rhoamVersion, '1.40')
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
      if (mistakes.length === 0) assert.match(line, /^name|file:|vendorUser:/)
    }
    mistakesIn(lines.with(at, `${line}\n${' '.repeat(line.search(/\S/))}${canary}: ${canary}`).join('\n'))
    mistakesIn(lines.with(at, `${line}\n${' '.repeat(line.search(/\S/))}password: ${canary}`).join('\n'))
  }
})

test('broken YAML is reported with its place and without its text', () => {
  assert.deepEqual(mistakesIn(`version: 1\nname: "${canary}\n`), [
    'm.yaml:3:1 a character is missing here: a quote, a bracket, a colon or a space after it',
  ])
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
