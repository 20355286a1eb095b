import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runKubectl } from '../support/cluster.ts'

const launcher = fileURLToPath(new URL('../../bin/threeshift', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'threeshift-world-'))
after(() => rmSync(dir, { recursive: true, force: true }))

test('world clusters serves three clusters to a stock kubectl, and a SIGTERM ends it well', async () => {
  const world = spawn(launcher, ['world', 'clusters', '--dir', 'clusters'], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  world.stderr.resume()
  try {
    const lines: string[] = []
    for await (const line of createInterface(world.stdout)) if (lines.push(line) === 3) break
    const clusters = lines.map((line) => JSON.parse(line) as { name: string; kubeconfig: string })
    assert.deepEqual(
      clusters.map((cluster) => cluster),
      ['source', 'migration', 'destination'].map((name) => ({
        name,
        kubeconfig: join(dir, 'clusters', name, 'kubeconfig'),
      })),
    )
    const [, migration] = clusters
    const asked = await runKubectl(migration?.kubeconfig ?? '', [
      'get',
      'infrastructure',
      'cluster',
      '-o',
      'jsonpath={.status.infrastructureName}',
    ])
    assert.equal(asked.stdout, 'migration-x7k2p', asked.stderr)
  } finally {
    world.kill('SIGTERM')
  }
  const [code] = (await once(world, 'close')) as [number | null]
  assert.equal(code, 0)
})

test('a folder that is a file, or that cannot be, is a fault', async () => {
  writeFileSync(join(dir, 'file'), '')
  for (const place of ['file', '/proc/clusters', 'no/such/folder']) {
    const world = spawn(launcher, ['world', 'clusters', '--dir', place], {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let stderr = ''
    world.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const [code] = (await once(world, 'close')) as [number | null]
    assert.equal(code, 64, stderr)
    assert.match(stderr, /FILE_UNWRITABLE/)
  }
})
