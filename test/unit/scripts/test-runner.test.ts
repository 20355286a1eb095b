import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const runner = fileURLToPath(new URL('../../../scripts/test.mjs', import.meta.url))
const head = "import { test } from 'node:test'\n"

describe('the test runner', () => {
  let dir = ''
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'threeshift-runner-'))
    const files = {
      'good/one.test.ts': `${head}test('a', () => {})\ntest('b', (t) => t.diagnostic('a note'))`,
      'good/below/two.test.ts': `${head}test('c', () => {})\ntest.skip('d', () => {})\ntest.todo('e')`,
      'good/not-a-test.ts': "throw new Error('not to be run')",
      'bad/fails.test.ts': `${head}test('a', () => {})\ntest('b', () => { throw new Error('no') })`,
      'bad/empty.test.ts': 'export {}',
      'bad/exits.test.ts': 'process.exit(0)',
      'bad/hangs.test.ts': `${head}test('waits for ever', () => new Promise(() => setInterval(() => {}, 1000)))`,
      'bad/spins.test.ts': `${head}test('never yields', () => { for (;;) {} })`,
      'nothing/readme.txt': '',
    }
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(dir, name, '..'), { recursive: true })
      writeFileSync(join(dir, name), text)
    }
  })
  after(() => {
    rmSync(dir, { recursive: true, force: true })
  })

  function run(...names: readonly string[]) {
    const args = [runner, '--file-timeout', '2', ...names.map((name) => join(dir, name))]
    const result = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
    return { ...result, lastLine: result.stdout.trimEnd().split('\n').at(-1) }
  }

  test('runs the tests below a folder and counts skipped ones apart', () => {
    const result = run('good')
    assert.equal(result.lastLine, '3 passed, 0 failed, 2 skipped')
    assert.equal(result.status, 0)
    assert.match(result.stdout, /a note/)
  })

  test('fails when a test fails, and still counts the ones that passed', () => {
    const result = run('bad/fails.test.ts', 'good/one.test.ts')
    assert.equal(result.lastLine, '3 passed, 1 failed')
    assert.equal(result.status, 1)
  })

  test('fails when no test ran', () => {
    const result = run('nothing')
    assert.equal(result.lastLine, '0 passed, 0 failed')
    assert.equal(result.status, 1)
  })

  test('counts a file without tests, or one that ends early, as a failure', () => {
    for (const name of ['bad/empty.test.ts', 'bad/exits.test.ts']) {
      const result = run(name)
      assert.equal(result.lastLine, '0 passed, 1 failed', name)
      assert.equal(result.status, 1)
    }
  })

  test('ends files that hang or spin, and names them', () => {
    const result = run('bad/hangs.test.ts', 'bad/spins.test.ts')
    assert.match(result.lastLine ?? '', /^0 passed, 2 failed$/)
    assert.equal(result.status, 1)
    for (const name of ['hangs', 'spins'])
      assert.match(result.stdout, new RegExp(`${name}.test.ts did not end within 2 s`))
  })

  test('refuses a name that is not there', () => {
    const result = run('good', 'nowhere')
    assert.equal(result.status, 64)
    assert.match(result.stderr, /no such test file or folder/)
  })
})
