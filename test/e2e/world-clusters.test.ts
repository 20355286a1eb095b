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

/** Starts the command, and gives the clusters that it has told of; `stop` gives its exit code. */
async function startWorld(...args: readonly string[]) {
  const world = spawn(launcher, ['world', 'clusters', '--dir', 'clusters', ...args], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  world.stderr.resume()
  const closed = once(world, 'close') as Promise<[number | null]>
  const lines: string[] = []
  for await (const line of createInterface(world.stdout)) if (lines.push(line) === 3) break
  const clusters = lines.map((line) => JSON.parse(line) as { name: string; kubeconfig: string })
  const stop = async () => {
    world.kill('SIGTERM')
    return (await closed)[0]
  }
  return { clusters, stop }
}

test('world clusters serves three clusters to a stock kubectl, and a SIGTERM ends it well', async () => {
  const { clusters, stop } = await startWorld()
  try {
    assert.deepEqual(
      clusters,
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
    assert.equal(await stop(), 0)
  }
})

const operator = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'operators.coreos.com/v1',
      kind: 'OperatorGroup',
      metadata: { namespace: 'shop', name: 'shop' },
      spec: { targetNamespaces: ['shop'] },
    },
    {
      apiVersion: 'operators.coreos.com/v1alpha1',
      kind: 'Subscription',
      metadata: { namespace: 'shop', name: '3scale-operator' },
      spec: {
        name: '3scale-operator',
        channel: 'threescale-2.16',
        source: 'redhat-operators',
        sourceNamespace: 'openshift-marketplace',
      },
    },
  ],
})

test('what is made in them lives: workloads roll out, jobs run, OLM installs, and all of it is there after a restart', async () => {
  const first = await startWorld('--speed', '300')
  const kubectl = async (args: string, input = '') => {
    const [source] = first.clusters
    const words = args.split(' ').map((word) => word.replaceAll('_', ' '))
    const { code, stdout, stderr } = await runKubectl(source?.kubeconfig ?? '', words, { input })
    assert.equal(code, 0, `kubectl ${args}: ${stdout}${stderr}`)
    return stdout
  }
  try {
    await kubectl('create namespace shop')
    await kubectl('-n shop create deployment web --image=web:1 --replicas=2')
    assert.match(await kubectl('-n shop rollout status deployment web --timeout=60s'), /successfully rolled out/)
    await kubectl('-n shop wait --for=condition=Available deployment/web --timeout=60s')
    await kubectl('-n shop set image deployment/web web=web:2')
    await kubectl('-n shop rollout status deployment web --timeout=60s')
    assert.match(await kubectl('-n shop get pods -l app=web'), /^(?:web-\S+ +1\/1 +Running +0 +\S+\n?){2}$/m)
    await kubectl('-n shop scale deployment web --replicas=0')
    await kubectl('-n shop wait --for=delete pod -l app=web --timeout=60s')
    await kubectl('-n shop create job hello --image=tools -- sh -c echo_it_ran')
    await kubectl('-n shop wait --for=condition=complete job/hello --timeout=60s')
    assert.equal(await kubectl('-n shop logs job/hello'), 'it ran\n')
    await kubectl('-n shop create job fails --image=tools -- sh -c exit_3')
    await kubectl('-n shop wait --for=condition=failed job/fails --timeout=60s')
    await kubectl('apply -f -', operator)
    await kubectl(
      '-n shop wait --for=jsonpath={.status.state}=AtLatestKnown subscription/3scale-operator --timeout=60s',
    )
    await kubectl(
      '-n shop wait --for=condition=Available deployment/threescale-operator-controller-manager-v2 --timeout=60s',
    )
    assert.match(await kubectl('-n shop get csv'), /3scale-operator\.v0\.13\.\d+ .* Succeeded/)
  } finally {
    assert.equal(await first.stop(), 0)
  }
  const again = await startWorld('--speed', '300')
  try {
    assert.deepEqual(again.clusters, first.clusters)
    assert.match(await kubectl('-n shop get csv'), /Succeeded/)
    await kubectl('-n shop scale deployment web --replicas=1')
    await kubectl('-n shop wait --for=jsonpath={.status.readyReplicas}=1 deployment/web --timeout=60s')
  } finally {
    assert.equal(await again.stop(), 0)
  }
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
