import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
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
