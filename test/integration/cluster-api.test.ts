import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { EpochMs } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'
import { openCluster } from '../../src/simulator/cluster/cluster.ts'
import { ask, clusterOptions, watchEvents, withCluster } from '../support/cluster.ts'

const time = { offsetMs: 0 }
const clock = { ...systemClock, now: () => (systemClock.now() + time.offsetMs) as EpochMs }
const cluster = withCluster({ clock })
const folder = mkdtempSync(join(tmpdir(), 'threeshift-cluster-api-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const maps = '/api/v1/namespaces/default/configmaps'

function create(name: string, extra: object = {}) {
  return ask(cluster(), maps, { method: 'POST', body: { metadata: { name }, ...extra } })
}

function namesIn(body: Readonly<Record<string, unknown>>): readonly string[] {
  // A list of the API.
  return (body.items as readonly { metadata: { name: string } }[]).map(({ metadata }) => metadata.name)
}

describe('lists', () => {
  test('pages show one version, however much changes between them, until it is forgotten', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await create(name, { metadata: { name, labels: { page: 'x' } } })
    const query = '?limit=2&labelSelector=page%3Dx'
    const first = await ask(cluster(), maps + query)
    const { continue: next, resourceVersion, remainingItemCount } = first.body.metadata as Record<string, string>
    assert.deepEqual([namesIn(first.body), remainingItemCount], [['page-a', 'page-b'], 1])
    await ask(cluster(), `${maps}/page-a`, { method: 'DELETE' })
    await create('page-d', { metadata: { name: 'page-d', labels: { page: 'x' } } })
    const second = await ask(cluster(), `${maps + query}&continue=${next}`)
    assert.deepEqual(namesIn(second.body), ['page-c'])
    assert.equal((second.body.metadata as Record<string, string>).resourceVersion, resourceVersion)
    await ask(cluster(), '/simulator/compact', { method: 'POST' })
    const late = await ask(cluster(), `${maps + query}&continue=${next}`)
    assert.deepEqual([late.code, late.body.reason], [410, 'Expired'])
  })

  test('a selector of fields that the kind does not offer is refused', async () => {
    const { code, body } = await ask(cluster(), `${maps}?fieldSelector=data.x%3D1`)
    assert.deepEqual([code, body.message], [400, 'field label not supported: data.x'])
  })

  test('a list of metadata leaves out the rest', async () => {
    await create('metadata-only', { data: { x: 'hidden-value' } })
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'
    const { body, text } = await ask(cluster(), maps, { accept })
    assert.equal(body.kind, 'PartialObjectMetadataList')
    assert.ok(text.includes('metadata-only') && !text.includes('hidden-value'))
  })
})

describe('watches', () => {
  test('a watch from a forgotten version is told so, and any other ends when its time is over', async () => {
    const expired: string[] = []
    await ask(cluster(), '/simulator/compact', { method: 'POST' })
    for await (const { type, object } of watchEvents(cluster(), `${maps}?watch=1&resourceVersion=1`)) {
      expired.push(type, String(object.code))
    }
    assert.deepEqual(expired, ['ERROR', '410'])
    const version = cluster().store.version()
    const types: string[] = []
    for await (const { type } of watchEvents(
      cluster(),
      `${maps}?watch=1&resourceVersion=${version}&timeoutSeconds=1`,
    )) {
      types.push(type)
    }
    assert.deepEqual(types, [])
  })

  test('initial events end with a bookmark that says so', async () => {
    await create('initial')
    const query = '?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan'
    const seen: string[] = []
    for await (const { type, object } of watchEvents(cluster(), maps + query)) {
      seen.push(type)
      if (type !== 'BOOKMARK') continue
      assert.equal(object.metadata.annotations?.['k8s.io/initial-events-end'], 'true')
      break
    }
    assert.ok(seen.includes('ADDED'), seen.join())
  })

  test('an object that begins or ends to match a selector is added or deleted', async () => {
    const version = cluster().store.version()
    await create('turns')
    const label = (value: string | null) =>
      ask(cluster(), `${maps}/turns`, {
        method: 'PATCH',
        type: 'application/merge-patch+json',
        body: { metadata: { labels: { on: value } } },
      })
    await label('yes')
    await label(null)
    const seen: string[] = []
    for await (const { type } of watchEvents(
      cluster(),
      `${maps}?watch=1&resourceVersion=${version}&labelSelector=on`,
    )) {
      if (seen.push(type) === 2) break
    }
    assert.deepEqual(seen, ['ADDED', 'DELETED'])
  })
})

describe('writes', () => {
  test('what is wrong with an object is said with reason and code', async () => {
    const cases: readonly (readonly [
      number,
      string,
      Promise<{ code: number; body: Readonly<Record<string, unknown>> }>,
    ])[] = [
      [422, 'Invalid', create('Upper')],
      [400, 'BadRequest', create('x', { kind: 'Secret' })],
      [
        404,
        'NotFound',
        ask(cluster(), '/api/v1/namespaces/nowhere/configmaps', { method: 'POST', body: { metadata: { name: 'x' } } }),
      ],
      [415, 'UnsupportedMediaType', ask(cluster(), `${maps}/x`, { method: 'PATCH', type: 'text/plain', body: {} })],
      [405, 'MethodNotAllowed', ask(cluster(), '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')],
      [404, 'NotFound', ask(cluster(), '/apis/apps/v1beta1/deployments')],
    ]
    for (const [code, reason, answer] of cases) {
      const { code: had, body } = await answer
      assert.deepEqual([had, body.kind, body.reason], [code, 'Status', reason])
    }
  })

  test('a secret is given as text or base64, shown as base64, and keeps its type', async () => {
    const secrets = '/api/v1/namespaces/default/secrets'
    const body = { metadata: { name: 'mixed' }, data: { a: 'AAE=' }, stringData: { b: 'text\n' } }
    const made = await ask(cluster(), secrets, { method: 'POST', body })
    assert.deepEqual([made.body.data, made.body.stringData], [{ a: 'AAE=', b: 'dGV4dAo=' }, undefined])
    const wrong = await ask(cluster(), secrets, {
      method: 'POST',
      body: { metadata: { name: 'w' }, data: { a: 'no base64' } },
    })
    assert.equal(wrong.code, 422)
    assert.ok(!wrong.text.includes('no base64'))
    const other = await ask(cluster(), `${secrets}/mixed`, {
      method: 'PUT',
      body: { metadata: { name: 'mixed' }, type: 'kubernetes.io/tls' },
    })
    assert.equal(other.code, 422)
    const tooMuch = { metadata: { name: 'large' }, stringData: { a: 'x'.repeat(1_100_000) } }
    assert.equal((await ask(cluster(), secrets, { method: 'POST', body: tooMuch })).code, 422)
  })

  test('a kind that is defined is served at once, and its objects go with the definition', async () => {
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    const names = { kind: 'Widget', plural: 'widgets', shortNames: ['wd'] }
    const versions = [{ name: 'v1', served: true, storage: true, subresources: { status: {} } }]
    const body = {
      metadata: { name: 'widgets.example.com' },
      spec: { group: 'example.com', scope: 'Namespaced', names, versions },
    }
    const widgets = '/apis/example.com/v1/namespaces/default/widgets'
    assert.equal((await ask(cluster(), widgets)).code, 404)
    await ask(cluster(), definitions, { method: 'POST', body })
    await ask(cluster(), widgets, { method: 'POST', body: { metadata: { name: 'one' }, spec: { size: 1 } } })
    assert.deepEqual(namesIn((await ask(cluster(), widgets)).body), ['one'])
    const strategic = { method: 'PATCH', type: 'application/strategic-merge-patch+json', body: {} }
    assert.equal((await ask(cluster(), `${widgets}/one`, strategic)).code, 415)
    await ask(cluster(), `${definitions}/widgets.example.com`, { method: 'DELETE' })
    assert.equal((await ask(cluster(), widgets)).code, 404)
  })

  test('a project belongs to who asked for it, and an eviction minds disruption budgets', async () => {
    const token = cluster().accounts.tokenOf('ann', []).reveal('test')
    const asAnn = (path: string, body?: object) =>
      ask(cluster(), path, { token, ...(body && { method: 'POST', body }) })
    const project = await asAnn('/apis/project.openshift.io/v1/projectrequests', {
      metadata: { name: 'anns' },
      displayName: 'Ann',
    })
    assert.deepEqual([project.code, project.body.kind], [201, 'Project'])
    assert.deepEqual(namesIn((await asAnn('/apis/project.openshift.io/v1/projects')).body), ['anns'])
    assert.equal((await asAnn('/api/v1/namespaces/default/secrets')).code, 403)
    const pods = '/api/v1/namespaces/anns/pods'
    await asAnn(pods, { metadata: { name: 'web', labels: { app: 'web' } }, spec: { containers: [{ name: 'web' }] } })
    await asAnn('/apis/policy/v1/namespaces/anns/poddisruptionbudgets', {
      metadata: { name: 'web' },
      spec: { selector: { matchLabels: { app: 'web' } }, minAvailable: 1 },
    })
    const evicted = await asAnn(`${pods}/web/eviction`, { metadata: { name: 'web' } })
    assert.deepEqual([evicted.code, evicted.headers['retry-after']], [429, '10'])
  })
})

describe('tokens', () => {
  test('without a token, with a wrong or an expired one, nothing is told', async () => {
    const token = cluster().accounts.issue('short', ['system:cluster-admins'], 60_000).reveal('test')
    assert.equal((await ask(cluster(), maps, { token })).code, 200)
    time.offsetMs = 61_000
    for (const wrong of [token, 'wrong', '']) {
      const { code, body } = await ask(cluster(), maps, { token: wrong })
      assert.deepEqual([code, body.reason], [401, 'Unauthorized'])
    }
    time.offsetMs = 0
    assert.equal((await ask(cluster(), '/healthz', { token: '' })).text, 'ok')
  })

  test('a token is reviewed', async () => {
    const token = cluster().accounts.tokenOf('bob', ['staff']).reveal('test')
    const path = '/apis/authentication.k8s.io/v1/tokenreviews'
    const { body } = await ask(cluster(), path, { method: 'POST', body: { spec: { token } } })
    const user = { username: 'bob', groups: ['staff', 'system:authenticated'] }
    assert.deepEqual(body.status, { authenticated: true, user })
  })
})

test('a process that is killed loses nothing that was answered, and the same kubeconfig holds afterwards', async () => {
  const dir = join(folder, 'killed')
  const main = fileURLToPath(new URL('../../src/app/main.ts', import.meta.url))
  const server = spawn(process.execPath, [main, 'world', 'clusters', '--dir', dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  for await (const line of createInterface(server.stdout)) if (lines.push(line) === 3) break
  const clusters = lines.map((line) => JSON.parse(line) as { name: string; kubeconfig: string })
  assert.deepEqual(
    clusters.map(({ name }) => name),
    ['source', 'migration', 'destination'],
  )
  const { kubeconfig = '' } = clusters[0] ?? {}
  const served = { ...cluster(), kubeconfig, url: serverOf(kubeconfig) }
  const names = Array.from({ length: 20 }, (_, at) => `kept-${String(at).padStart(2, '0')}`)
  for (const name of names) {
    assert.equal((await ask(served, maps, { method: 'POST', body: { metadata: { name } } })).code, 201)
  }
  server.kill('SIGKILL')
  await once(server, 'close')
  const again = await openCluster(clusterOptions(join(dir, 'source')))
  try {
    assert.equal(again.url, served.url)
    const found = namesIn((await ask(served, `${maps}?limit=500`)).body)
    assert.deepEqual(
      found.filter((name) => name.startsWith('kept-')),
      names,
    )
  } finally {
    await again.close()
  }
})

function serverOf(kubeconfig: string): string {
  const file = JSON.parse(readFileSync(kubeconfig, 'utf8')) as { clusters: readonly { cluster: { server: string } }[] }
  return file.clusters[0]?.cluster.server ?? ''
}

test('a folder that is being served is not served twice', async () => {
  const options = clusterOptions(join(folder, 'twice'))
  const first = await openCluster(options)
  try {
    await assert.rejects(openCluster(options), { code: 'CLUSTER_FOLDER_BUSY' })
    const port = Number(new URL(first.url).port)
    await assert.rejects(openCluster({ ...options, dir: join(folder, 'other'), port }), { code: 'CLUSTER_PORT_TAKEN' })
  } finally {
    await first.close()
  }
})
