import assert from 'node:assert/strict'
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runCli, temporaryFolder } from '../support/cli.ts'

const small = ['rehearse', '--release', '2.16', '--tenants', '2', '--scale', '0.05', '--seed', '3']

describe('a rehearsal on this machine', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  before(async () => {
    folder = await temporaryFolder()
  })
  after(() => folder.remove())

  test('moves a generated 3scale, proves it, and leaves a report and nothing else', async () => {
    const before = await leftovers()
    const { code, stdout, stderr } = await runCli([...small, '--json'], { cwd: folder.path })
    assert.equal(code, 0, stderr)
    const report = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    assert.equal(report.verdict, 'proven')
    assert.deepEqual(
      report.stages.map((stage: { stage: string }) => stage.stage),
      ['servers', 'world', 'assess', 'copy', 'verify'],
    )
    assert.equal(report.verify.tables.length, 90)
    assert.ok(report.verify.declared.cells > 0 && report.verify.declared.rows > 0)
    assert.ok(report.notChecked.length > 0)
    assert.deepEqual(JSON.parse(await readFile(join(folder.path, 'report/report.json'), 'utf8')), report)
    assert.deepEqual(await leftovers(), before)
    for (const stage of ['Starting', 'Filling', 'Looking', 'Copying', 'Reading'])
      assert.ok(stderr.includes(stage), stage)
  })

  test('the page says the verdict first, escapes what it shows and fetches nothing', async () => {
    const page = await readFile(join(folder.path, 'report/index.html'), 'utf8')
    assert.ok(page.indexOf('Proven') < page.indexOf('What was done'))
    assert.match(page, /default-src 'none'/)
    assert.doesNotMatch(page, /<script|src="http|url\(/)
    for (const word of ['accounts', 'invoices.period', 'quarantine', 'What this rehearsal did not check'])
      assert.ok(page.includes(word), word)
  })

  test('a report that will have no place is a fault before any work, and a killed rehearsal is cleaned up by the next', async () => {
    const before = await leftovers()
    for (const out of ['/dev/null/report', 'no/such/folder']) {
      const { code, stderr } = await runCli([...small, '--out', out], { cwd: folder.path })
      assert.equal(code, 64, stderr)
      assert.match(stderr, /FILE_UNWRITABLE/)
      assert.ok(!stderr.includes('Starting'), 'nothing was started')
    }
    // No process has this number: it is above the greatest that Linux gives.
    const abandoned = join(tmpdir(), 'threeshift-rehearsal-4194305-x')
    await mkdir(abandoned)
    const { code, stderr } = await runCli(small, { cwd: folder.path })
    assert.equal(code, 0, stderr)
    assert.deepEqual(await leftovers(), before)
  })
})

async function leftovers(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('threeshift-rehearsal-'))
}
