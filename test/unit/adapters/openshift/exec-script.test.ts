import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { execScript } from '../../../../src/adapters/openshift/exec-script.ts'
import { temporaryFolder } from '../../../support/servers.ts'

const shells = ['/bin/dash', '/bin/bash', '/usr/bin/bash'].filter((shell) => existsSync(shell)).slice(0, 2)

const sum = (text: string) => `${Buffer.byteLength(text)} ${createHash('sha256').update(text).digest('hex')}`
const account = (code: number, out: string, input: string) => `\nMARK ${code} ${sum(out)} ${sum(input)}\n`

describe('what runs around a program in a container', () => {
  let dir = ''
  before(() => {
    dir = temporaryFolder()
  })
  after(() => rmSync(dir, { recursive: true, force: true }))

  /** Runs it with orders on stdin, which stays open unless they end in `END`. */
  function run(shell: string, leads: boolean, argv: readonly string[], orders: string) {
    return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      const child = spawn(shell, ['-c', execScript, 'sh', 'MARK', ...argv], {
        // As `/bin/sh` is started: bash behaves as one by its name.
        argv0: 'sh',
        detached: leads,
        env: { PATH: process.env['PATH'], TMPDIR: dir },
      })
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (bytes: Buffer) => void (stdout += bytes.toString()))
      child.stderr.on('data', (bytes: Buffer) => void (stderr += bytes.toString()))
      child.stdin.on('error', () => undefined)
      child.on('close', (code) => {
        child.stdin.destroy()
        resolve({ code, stdout, stderr })
      })
      child.stdin.write(orders.replace(/END$/, ''))
      if (orders.endsWith('END')) child.stdin.end()
    })
  }

  for (const shell of shells) {
    for (const leads of [true, false]) {
      const where = `${shell}, ${leads ? 'as leader of its group' : 'in the group of another'}`
      test(`gives output, errors, exit code and sums (${where})`, async () => {
        const argv = ['sh', '-c', 'printf "%s|" "$A"; cat; printf oops >&2; exit 7']
        const ended = await run(shell, leads, argv, 'env A 4\na\nb\nrun input\n3\nabc4\ndef\n0\n')
        assert.deepEqual(ended, {
          code: 7,
          stdout: 'a\nb\n|abcdef\n',
          stderr: `oops${account(7, 'a\nb\n|abcdef\n', 'abcdef\n')}`,
        })
      })

      test(`kills the program when stdin ends before its input does (${where})`, async () => {
        const file = join(dir, `committed-${leads}`)
        const argv = ['sh', '-c', 'cat >"$1.part" && mv "$1.part" "$1"', 'sh', file]
        const ended = await run(shell, leads, argv, 'run input\n3\nabc9\ndefEND')
        assert.notEqual(ended.code, 0)
        assert.equal(existsSync(file), false)
        // How far it had come when it was killed is anybody's guess.
        const part = existsSync(`${file}.part`) ? readFileSync(`${file}.part`, 'utf8') : ''
        assert.ok('abcdef'.startsWith(part), part)
        rmSync(`${file}.part`, { force: true })
      })

      test(`kills a program that reads nothing when stdin ends, with its children (${where})`, async () => {
        const ended = await run(shell, leads, ['sh', '-c', 'sleep 1000 | sleep 1000'], 'run\nEND')
        assert.notEqual(ended.code, 0)
      })

      test(`runs nothing when the orders break off, and waits for no input that nobody reads (${where})`, async () => {
        assert.deepEqual(await run(shell, leads, ['echo', 'ran'], 'env A 9\nabEND'), {
          code: 125,
          stdout: '',
          stderr: '',
        })
        const early = await run(shell, leads, ['head', '-c', '2'], 'run input\n3\nabc')
        assert.equal(early.stdout, 'ab')
        assert.equal(early.code, 0)
      })
    }
  }

  test('leaves no folder behind', () => {
    assert.deepEqual(globSync('threeshift.*', { cwd: dir }), [])
  })
})
