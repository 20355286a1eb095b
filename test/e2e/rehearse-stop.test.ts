import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { after, test } from 'node:test'
import { runCli } from '../support/cli.ts'
import { rehearse } from '../support/rehearse.ts'
import { temporaryFolder } from '../support/servers.ts'

const dir = temporaryFolder()
after(() => rmSync(dir, { recursive: true, force: true }))

test('Ctrl-C ends a rehearsal with all its processes, and leaves nothing', {
  skip: process.platform !== 'linux',
}, async () => {
  const home = join(dir, 'b')
  const { code, stderr, tree } = await rehearse(home, [], async (_tree, kill) => kill('SIGINT'))
  assert.equal(code, 4, stderr)
  assert.match(stderr, /STOPPED/)
  assert.deepEqual(tree.left(), [])
  assert.deepEqual(readdirSync(join(home, 't')), [])
})

test('a rehearsal that cannot be is refused before any work, and an earlier report stays', async () => {
  const home = join(dir, 'c')
  mkdirSync(join(home, 'report'), { recursive: true })
  writeFileSync(join(home, 'report', 'manifest.json'), '{}')
  const refusals: readonly (readonly [readonly string[], RegExp])[] = [
    [['--out', 'report'], /FILE_EXISTS/],
    [['--out', 'no/such/folder'], /FILE_UNWRITABLE/],
    [['--out', '/dev/null/report'], /FILE_UNWRITABLE/],
    [['--rhoam', '2.0'], /REHEARSAL_NOT_SIMULATED.*RHOAM 2\.0/],
    [['--release', '2.16', '--rhoam', '1.40'], /REHEARSAL_NOT_SIMULATED.*1\.44, 1\.45/s],
  ]
  for (const [args, says] of refusals) {
    const { code, stderr } = await runCli(['rehearse', ...args], { cwd: home })
    assert.equal(code, 64, stderr)
    assert.match(stderr, says)
    assert.ok(!stderr.includes('Making a world'), 'nothing was started')
  }
  assert.equal(readFileSync(join(home, 'report', 'manifest.json'), 'utf8'), '{}')
  assert.ok(!existsSync(join(home, 't')))
})
