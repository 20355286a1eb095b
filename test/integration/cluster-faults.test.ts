import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { ask, runKubectl, watchEvents, withCluster } from '../support/cluster.ts'

const cluster = withCluster()
const maps = '/api/v1/namespaces/default/configmaps'

function create(name: string, data: Readonly<Record<string, string>> = {}) {
  return ask(cluster(), maps, { method: 'POST', body: { metadata: { name }, data } })
}

function has(name: string): boolean {
  return cluster().store.get({ resource: 'configmaps', namespace: 'default', name }) !== undefined
}

afterEach(() => cluster().faults.clear())

describe('scripted faults', () => {
  test('the named call is refused, those before and after it are not', async () => {
    const effect = { kind: 'refuse', code: 429, retryAfterSeconds: 3 } as const
    cluster().faults.add({ verb: 'create', resource: 'configmaps', fromCall: 2, times: 2, effect })
    const codes: number[] = []
    for (const name of ['one', 'two', 'three', 'four']) codes.push((await create(name)).code)
    assert.deepEqual(codes, [201, 429, 429, 201])
    assert.deepEqual(['one', 'two', 'three', 'four'].map(has), [true, false, false, true])
  })

  test('every code is worded as the API words it, and says when to come back', async () => {
    const reasons = {
      401: 'Unauthorized',
      403: 'Forbidden',
      409: 'Conflict',
      410: 'Expired',
      429: 'TooManyRequests',
      500: 'InternalError',
      503: 'ServiceUnavailable',
    }
    for (const [code, reason] of Object.entries(reasons)) {
      const effect = { kind: 'refuse', code: Number(code), retryAfterSeconds: 1 } as const
      cluster().faults.add({ verb: 'list', resource: 'configmaps', effect })
      const answer = await ask(cluster(), maps)
      assert.deepEqual([answer.code, answer.body.reason, answer.headers['retry-after']], [Number(code), reason, '1'])
      cluster().faults.clear()
    }
  })

  test('a reset before leaves nothing done, a reset after leaves it done, and neither answers', async () => {
    for (const when of ['before', 'after'] as const) {
      cluster().faults.add({ verb: 'create', effect: { kind: 'reset', when } })
      await assert.rejects(create(`reset-${when}`), { code: 'ECONNRESET' })
      assert.equal(has(`reset-${when}`), when === 'after')
    }
  })

  test('an answer is cut off in the middle', async () => {
    await create('cut', { x: 'y'.repeat(10_000) })
    cluster().faults.add({ verb: 'get', name: 'cut', effect: { kind: 'cut', afterBytes: 5000 } })
    await assert.rejects(ask(cluster(), `${maps}/cut`), /aborted/)
    assert.equal((await ask(cluster(), `${maps}/cut`)).code, 200)
  })

  test('a slow call waits first', async () => {
    cluster().faults.add({ verb: 'list', effect: { kind: 'slow', ms: 300 } })
    const before = performance.now()
    await ask(cluster(), maps)
    assert.ok(performance.now() - before >= 290)
  })

  test('a watch falls silent, is cut, or expires', async () => {
    const version = cluster().store.version()
    await create('watched')
    const query = `?watch=1&resourceVersion=${version}&timeoutSeconds=1`
    const collect = async (): Promise<string[]> => {
      const types: string[] = []
      for await (const { type } of watchEvents(cluster(), maps + query)) types.push(type)
      return types
    }
    assert.deepEqual(await collect(), ['ADDED'])
    cluster().faults.add({ verb: 'watch', effect: { kind: 'silent' } })
    assert.deepEqual(await collect(), [])
    cluster().faults.clear()
    cluster().faults.add({ verb: 'watch', effect: { kind: 'expire' } })
    assert.deepEqual(await collect(), ['ERROR'])
    cluster().faults.clear()
    cluster().faults.add({ verb: 'watch', effect: { kind: 'cut', afterBytes: 20 } })
    await assert.rejects(collect())
  })

  test('a subresource of one object fails for one user only', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments'
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'web' }] } }
    const spec = { selector: { matchLabels: { a: 'b' } }, template }
    await ask(cluster(), deployments, { method: 'POST', body: { metadata: { name: 'web' }, spec } })
    const script = {
      faults: [
        {
          verb: 'patch',
          resource: 'deployments.apps/scale',
          name: 'web',
          user: 'ann',
          times: 0,
          effect: { kind: 'refuse', code: 403 },
        },
      ],
    }
    assert.equal((await ask(cluster(), '/simulator/faults', { method: 'PUT', body: script })).code, 200)
    const token = cluster().accounts.tokenOf('ann', ['system:cluster-admins']).reveal('test')
    const type = 'application/merge-patch+json'
    const scale = (as: object) =>
      ask(cluster(), `${deployments}/web/scale`, { method: 'PATCH', type, body: { spec: { replicas: 4 } }, ...as })
    assert.equal((await scale({ token })).code, 403)
    assert.equal((await scale({})).code, 200)
    const state = (await ask(cluster(), '/simulator/faults')).body.faults as readonly { calls: number }[]
    assert.deepEqual(
      state.map(({ calls }) => calls),
      [1],
    )
  })

  test('what is no script is refused, and says where it is wrong', async () => {
    const script = { faults: [{ verb: 'get', effect: { kind: 'explode' } }] }
    const { code, text } = await ask(cluster(), '/simulator/faults', { method: 'PUT', body: script })
    assert.equal(code, 400)
    assert.match(text, /effect/)
  })

  test('a stock client survives what it is built to survive', async () => {
    const effect = { kind: 'refuse', code: 429, retryAfterSeconds: 1 } as const
    cluster().faults.add({ verb: 'list', resource: 'configmaps', effect })
    const { code, stdout } = await runKubectl(cluster().kubeconfig, ['get', 'configmaps', '-o', 'name'])
    assert.deepEqual([code, stdout.includes('configmap/one')], [0, true])
  })
})

test('the journal names every request, and holds nothing that one carried', async () => {
  const secret = 'canary-5f2c8a'
  const secrets = '/api/v1/namespaces/default/secrets'
  const before = cluster().journal.entries().length
  await ask(cluster(), secrets, {
    method: 'POST',
    body: { metadata: { name: 'canary' }, stringData: { password: secret } },
  })
  await ask(cluster(), `${secrets}/canary?fieldManager=x`)
  await ask(cluster(), secrets, { token: `wrong-${secret}` })
  const { body } = await ask(cluster(), '/simulator/journal')
  const entries = (body.entries as readonly Readonly<Record<string, unknown>>[]).slice(before)
  assert.deepEqual(
    entries.map(({ user, verb, resource, name, code }) => [user, verb, resource, name, code]),
    [
      ['kube:admin', 'create', 'secrets', undefined, 201],
      ['kube:admin', 'get', 'secrets', 'canary', 200],
      ['', 'list', 'secrets', undefined, 401],
    ],
  )
  const text = JSON.stringify(cluster().journal.entries())
  for (const hidden of [secret, Buffer.from(secret).toString('base64')]) assert.ok(!text.includes(hidden))
})
