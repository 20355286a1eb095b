import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../../../bin/threeshift', import.meta.url))

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, 0o755)
}

function launch(program: string, path: string, args: readonly string[] = ['rehearse', 'two words']) {
  return spawnSync(program, args, { env: { PATH: path }, encoding: 'utf8' })
}

/** A Node that says this version, names itself, and then runs as the real one. */
function fakeNode(says: string): string {
  return `#!/bin/sh\n[ "$1" = --version ] && echo v${says} && exit\necho ${says}\nexec ${process.execPath} "$@"\n`
}

describe('bin/threeshift', () => {
  let dir = ''
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'threeshift-launcher-'))
  })
  after(() => {
    rmSync(dir, { recursive: true, force: true })
  })

  /** A clone with a program, a folder for PATH with a Node that says `version`, and perhaps one in `.tools`. */
  function machine(name: string, version: string, hasTools: boolean) {
    const clone = join(dir, name)
    const path = join(dir, `${name}-path`)
    write(
      join(clone, 'src/app/main.ts'),
      "console.log('main', ...process.execArgv, ...process.argv.slice(2))\nprocess.exit(5)\n",
    )
    mkdirSync(join(clone, 'bin'))
    mkdirSync(join(clone, 'node_modules'))
    cpSync(launcher, join(clone, 'bin/threeshift'))
    write(join(path, 'node'), fakeNode(version))
    if (hasTools) write(join(clone, '.tools/bin/node'), fakeNode('tools'))
    return { clone, path: `${path}:/usr/bin:/bin` }
  }

  test("prefers the machine's Node when it is new enough, and hands arguments and exit code through", () => {
    for (const version of ['22.18.0', '23.6.0', '24.0.0', '100.1.2']) {
      const { clone, path } = machine(`new-${version}`, version, true)
      const result = launch(join(clone, 'bin/threeshift'), path)
      assert.equal(result.stdout, `${version}\nmain rehearse two words\n`, result.stderr)
      assert.equal(result.status, 5)
    }
  })

  test('gives little memory for young objects to what moves data, and to nothing else', () => {
    const { clone, path } = machine('redis', '24.0.0', false)
    const result = launch(join(clone, 'bin/threeshift'), path, ['redis', 'two words'])
    assert.equal(result.stdout, '24.0.0\nmain --max-semi-space-size=4 redis two words\n', result.stderr)
  })

  test("takes the Node in .tools when the machine's is too old, also when it is called by a link", () => {
    for (const version of ['20.20.2', '22.17.9', '23.5.0']) {
      const { clone, path } = machine(`old-${version}`, version, true)
      const link = join(dir, `link-${version}`)
      symlinkSync(join(clone, 'bin/threeshift'), link)
      assert.equal(launch(link, path).stdout, 'tools\nmain rehearse two words\n')
    }
  })

  test('says what to run when it is not set up', () => {
    const { clone, path } = machine('bare', '20.20.2', false)
    const result = launch(join(clone, 'bin/threeshift'), path)
    assert.equal(result.status, 4)
    assert.match(result.stderr, /^threeshift is not set up yet: run `npm run setup` in .*\n$/)
  })
})
