import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterAccess } from '../../src/adapters/openshift/access.ts'
import { openCluster } from '../../src/adapters/openshift/cluster.ts'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import { clusterKinds } from '../../src/model/cluster-kinds.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import type { Cluster as SimulatedCluster } from '../../src/simulator/cluster/cluster.ts'
import { codeOf } from '../contract/cluster.contract.ts'
import { writeCertificate } from '../support/certificate.ts'
import { accessOf, enter, quickTiming, startSimulatedCluster, withSimulatedCluster } from '../support/clusters.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { temporaryFolder } from '../support/servers.ts'

const { configMaps, deployments } = clusterKinds
const { signal } = new AbortController()
const namespace = 'default'
const at = { namespace, pod: 'toolbox', container: 'main' }

function open(access: ClusterAccess, options: Partial<Parameters<typeof openCluster>[0]> = {}): Promise<Cluster> {
  return openCluster({ access, expected: null, timing: quickTiming, signal, ...options })
}

/** Writes what it has read to a file only when its input has come to its end. */
const commit = (file: string) => ['sh', '-c', 'cat >"$1.part" && mv "$1.part" "$1"', 'sh', file]

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('the first half')
  await sleep(100)
  throw new Error('the disk is gone')
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) {
    yield Buffer.alloc(1000)
    await sleep(5)
  }
}

async function* whole(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('all of it')
}

async function* waiting(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(100_000)
  await new Promise(() => undefined)
}

function first<Item>(items: readonly Item[]): Item {
  return items[0] ?? assert.fail('none')
}

describe('a cluster of OpenShift', () => {
  const simulated = withSimulatedCluster()
  let cluster: Cluster
  let dir = ''

  /** The kubeconfig of the administrator, as an object to be changed. */
  function kubeconfig() {
    return JSON.parse(readFileSync(simulated().kubeconfig, 'utf8')) as {
      clusters: { cluster: Record<string, unknown> }[]
      users: { user: Record<string, unknown> }[]
      [field: string]: unknown
    }
  }

  const accessWith = (config: object): ClusterAccess => {
    const file = join(dir, 'kubeconfig')
    writeFileSync(file, JSON.stringify(config))
    return accessOf(file)
  }

  const isThere = async (path: string): Promise<boolean> => {
    const report = await cluster.exec(at, { argv: ['test', '-e', path], acceptedExitCodes: [0, 1], signal })
    return report.exitCode === 0
  }
  before(async () => {
    dir = temporaryFolder()
    simulated().store.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: at.pod, namespace },
      spec: { containers: [{ name: at.container, image: 'registry.example/toolbox' }] },
      status: { phase: 'Running' },
    })
    cluster = await enter(simulated())
  })
  beforeEach(() => simulated().faults.clear())
  after(() => {
    cluster.close()
    rmSync(dir, { recursive: true, force: true })
  })

  function put(name: string, data: Record<string, string> = {}): void {
    simulated().store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data })
  }

  const certificateAuthority = () =>
    Buffer.from(String(kubeconfig().clusters[0]?.cluster['certificate-authority-data']), 'base64').toString()

  describe('the way into a cluster', () => {
    test('is refused when it does not verify, runs programs, or is none, and nothing of it is told', async () => {
      const insecure = kubeconfig()
      first(insecure.clusters).cluster = { server: simulated().url, 'insecure-skip-tls-verify': true }
      const running = kubeconfig()
      first(running.users).user = { exec: { command: 'aws', apiVersion: 'client.authentication.k8s.io/v1' } }
      const plain = kubeconfig()
      first(plain.clusters).cluster = { server: 'http://127.0.0.1:1' }
      for (const config of [insecure, running, plain, { ...kubeconfig(), 'current-context': 'none' }]) {
        assert.equal(await codeOf(open(accessWith(config))), 'OPENSHIFT_CONFIG_UNUSABLE')
      }
      const broken = { kind: 'kubeconfig', folder: dir, read: async () => new Secret('a: [the-token\nb: }') } as const
      await assert.rejects(
        open(broken),
        (error) => error instanceof Fault && !JSON.stringify(error).includes('the-token'),
      )
    })

    test('is not taken when another holds the name: TLS is verified', async () => {
      const unknown = kubeconfig()
      delete first(unknown.clusters).cluster['certificate-authority-data']
      assert.equal(await codeOf(open(accessWith(unknown))), 'OPENSHIFT_TLS_FAILED')
    })

    test('can be a token, which is read again when it has expired', async () => {
      const { accounts, url } = simulated()
      const tokens = [accounts.issue('worker', ['system:cluster-admins'], 1)]
      await sleep(20)
      tokens.push(accounts.issue('worker', ['system:cluster-admins']))
      let reads = 0
      const read = async () => tokens[Math.min(reads++, 1)] ?? assert.fail()
      const access = { kind: 'token', server: url, certificateAuthority: certificateAuthority(), read } as const
      const entered = await open(access)
      assert.equal(reads, 2)
      put('with-token')
      const both = ['with-token', 'with-token'].map((name) => entered.get(configMaps, { namespace, name }, { signal }))
      for (const found of await Promise.all(both)) assert.notEqual(found, null)
      entered.close()
      const stale = { ...access, read: async () => new Secret('sha256~nobody') }
      assert.equal(await codeOf(open(stale)), 'OPENSHIFT_TOKEN_REFUSED')
    })

    test('leads through a proxy, requests and execs alike, unless the host is excepted', async () => {
      const proxy = await startConnectProxy('someone', 'pass-of-the-proxy')
      try {
        const through = { https: new Secret(proxy.url) }
        const entered = await open(accessOf(simulated().kubeconfig), { proxies: through })
        assert.ok(proxy.tunnels.length > 0)
        const before = proxy.tunnels.length
        await entered.exec(at, { argv: ['true'], signal })
        assert.ok(proxy.tunnels.length >= before + 2)
        entered.close()
        const count = proxy.tunnels.length
        for (const except of ['127.0.0.1', 'example.com,127.0.0.0/8', '*']) {
          const direct = await open(accessOf(simulated().kubeconfig), { proxies: { ...through, except } })
          direct.close()
        }
        assert.equal(proxy.tunnels.length, count)
        const refused = { https: new Secret(proxy.url.replace('pass-of', 'wrong')) }
        await assert.rejects(open(accessOf(simulated().kubeconfig), { proxies: refused }), (error) => {
          assert.ok(error instanceof Fault)
          assert.equal(error.code, 'OPENSHIFT_UNREACHABLE')
          assert.match(error.message, /the proxy answers HTTP 407/)
          return !error.message.includes('wrong')
        })
      } finally {
        await proxy.stop()
      }
    })

    test('says that nobody answers, or that it is no OpenShift', async () => {
      const { key, certificate } = writeCertificate(dir)
      const pages: readonly [string, RequestListener][] = [
        ['OPENSHIFT_NOT_OPENSHIFT', (_request, answer) => answer.writeHead(404).end('404 page not found')],
        ['OPENSHIFT_BAD_ANSWER', (_request, answer) => answer.end('{"kind":"Infrastructure"}')],
        ['OPENSHIFT_UNREACHABLE', (_request, answer) => answer.end('<html>log in to the network first</html>')],
        ['OPENSHIFT_UNREACHABLE', (request) => request.socket.destroy()],
        ['OPENSHIFT_UNREACHABLE', () => undefined],
      ]
      for (const [code, listener] of pages) {
        const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, listener)
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        const { port } = server.address() as AddressInfo
        const access = {
          kind: 'token',
          server: `https://127.0.0.1:${port}`,
          certificateAuthority: readFileSync(certificate, 'utf8'),
          read: async () => new Secret('any'),
        } as const
        assert.equal(await codeOf(open(access, { timing: { ...quickTiming, silenceMs: 200 } })), code)
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
        assert.equal(await codeOf(open(access)), 'OPENSHIFT_UNREACHABLE')
      }
    })
  })

  describe('another cluster than the one that is meant', () => {
    let other: SimulatedCluster
    before(async () => {
      other = await startSimulatedCluster(dir, { name: 'other' })
    })
    after(() => other.close())

    test('is not entered', async () => {
      const expected = { name: 'source-x7k2p', uid: cluster.identity.uid }
      assert.equal(await codeOf(open(accessOf(other.kubeconfig), { expected })), 'OPENSHIFT_WRONG_CLUSTER')
      const entered = await open(accessOf(simulated().kubeconfig), { expected })
      entered.close()
    })

    test('is not changed when it takes the place of the first: no verb reaches it', async () => {
      // Its Infrastructure is made anew, as if a name led to another cluster from now on.
      const ref = { resource: 'infrastructures.config.openshift.io', name: 'cluster' }
      const entered = await enter(other)
      const found = other.store.read(ref)
      other.store.delete(ref)
      other.store.create({
        apiVersion: 'config.openshift.io/v1',
        kind: 'Infrastructure',
        metadata: { name: 'cluster' },
        status: found['status'],
      })
      const { journal } = other
      const object = { namespace, name: 'x' }
      const manifest = { metadata: object, fields: {} }
      const body = { data: {} }
      const pod = { namespace, purpose: 'x', image: 'x', argv: ['true'], activeDeadlineSeconds: 10 }
      const changes = [
        () => entered.apply(configMaps, manifest, { signal }),
        () => entered.create(configMaps, manifest, { signal }),
        () => entered.patch(configMaps, object, { kind: 'merge', body }, { signal }),
        () => entered.scale(deployments, object, 0, { signal }),
        () => entered.remove(configMaps, object, { signal, deadlineMs: 1000 }),
        () => entered.exec(at, { argv: ['true'], signal }),
      ]
      for (const change of changes) assert.equal(await codeOf(change()), 'OPENSHIFT_WRONG_CLUSTER')
      await assert.rejects(entered.runJob(pod, { signal }))
      entered.close()
      assert.ok(journal !== undefined)
      const written = readFileSync(join(dir, 'other', 'requests.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
      assert.ok(written.length > 5)
      assert.deepEqual(
        written.filter((line) => /"(?:PATCH|POST|PUT|DELETE)"|\/exec/.test(line)),
        [],
      )
    })
  })

  describe('a list and a watch', () => {
    test('of which the cluster forgets the beginning gives each object once', async () => {
      for (let n = 0; n < 9; n++) put(`forgotten-${n}`)
      const names: string[] = []
      for await (const page of cluster.list(configMaps, { namespace }, { signal, pageSize: 2 })) {
        names.push(...page.map(({ metadata }) => metadata.name))
        put(`newer-${names.length}`)
        simulated().store.compact()
      }
      const old = names.filter((name) => name.startsWith('forgotten-'))
      assert.equal(old.length, 9)
      assert.equal(new Set(names).size, names.length)
    })

    test('end with the reason of the abort, wherever they are', async () => {
      for (const effect of [{ kind: 'slow', ms: 3000 }, { kind: 'silent' }] as const) {
        simulated().faults.clear()
        simulated().faults.add({ resource: 'configmaps', times: 0, effect })
        const controller = new AbortController()
        const waiting = cluster.until(configMaps, { namespace, name: 'no-such' }, (found) => found.length > 0, {
          signal: controller.signal,
          deadlineMs: 60_000,
          what: 'nothing',
        })
        setTimeout(() => controller.abort(new Stop('operator')), 100)
        await assert.rejects(waiting, (error) => error instanceof Stop)
      }
    })
  })

  describe('a change whose answer is lost', () => {
    const operations = [{ op: 'add', path: '/metadata/finalizers/-', value: 'example.com/second' }] as const

    test('is not made twice when it cannot be told whether it was made', async () => {
      const name = 'with-list'
      const metadata = { name, namespace, finalizers: ['example.com/first'] }
      simulated().store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
      simulated().faults.add({ verb: 'patch', resource: 'configmaps', effect: { kind: 'reset', when: 'after' } })
      const changed = cluster.patch(configMaps, { namespace, name }, { kind: 'json', operations }, { signal })
      assert.equal(await codeOf(changed), 'OPENSHIFT_OUTCOME_UNKNOWN')
      const found = simulated().store.read({ resource: 'configmaps', namespace, name })
      assert.deepEqual(found.metadata.finalizers, ['example.com/first', 'example.com/second'])
    })

    test('is made when it was not, and then once', async () => {
      const name = 'with-list-again'
      const metadata = { name, namespace, finalizers: ['example.com/first'] }
      simulated().store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
      simulated().faults.add({ verb: 'patch', resource: 'configmaps', effect: { kind: 'reset', when: 'before' } })
      const changed = await cluster.patch(configMaps, { namespace, name }, { kind: 'json', operations }, { signal })
      assert.deepEqual(changed.metadata.finalizers, ['example.com/first', 'example.com/second'])
    })

    test('is not claimed when somebody else has made another meanwhile', async () => {
      const name = 'raced'
      put(name, { state: 'before' })
      const { store, faults } = simulated()
      const ref = { resource: 'configmaps', namespace, name }
      const end = store.watch('configmaps', { namespace }, ({ object }) => {
        const state = Object(object['data']).state as unknown
        if (object.metadata.name === name && state === 'ours')
          store.modify(ref, (draft) => void (draft.data = { state: 'theirs' }))
      })
      faults.add({ verb: 'patch', resource: 'configmaps', effect: { kind: 'reset', when: 'after' } })
      const change = { kind: 'json', operations: [{ op: 'replace', path: '/data/state', value: 'ours' }] } as const
      assert.equal(
        await codeOf(cluster.patch(configMaps, { namespace, name }, change, { signal })),
        'OPENSHIFT_OUTCOME_UNKNOWN',
      )
      end()
      assert.deepEqual(store.read(ref)['data'], { state: 'theirs' })
    })

    test('of a busy cluster comes again when the cluster has said', async () => {
      put('busy')
      const effect = { kind: 'refuse', code: 429, retryAfterSeconds: 1 } as const
      simulated().faults.add({ verb: 'patch', resource: 'configmaps', effect })
      const began = performance.now()
      const change = { kind: 'merge', body: { data: { a: 'b' } } } as const
      await cluster.patch(configMaps, { namespace, name: 'busy' }, change, { signal })
      assert.ok(performance.now() - began >= 990)
    })
  })

  describe('a program in a container', () => {
    test('does not take a part of its input for the whole', async () => {
      const file = join(dir, 'committed')
      await assert.rejects(cluster.exec(at, { argv: commit(file), stdin: failing(), signal }), /the disk is gone/)
      assert.equal(await isThere(file), false)
      const controller = new AbortController()
      setTimeout(() => controller.abort(new Stop('operator')), 300)
      const stopped = cluster.exec(at, { argv: commit(file), stdin: endless(), signal: controller.signal })
      await assert.rejects(stopped, (error) => error instanceof Stop)
      assert.equal(await isThere(file), false)
      await cluster.exec(at, { argv: commit(file), stdin: whole(), signal })
      assert.equal(readFileSync(file, 'utf8'), 'all of it')
    })

    test('is killed when the caller stops', async () => {
      const controller = new AbortController()
      const file = join(dir, 'alive')
      const argv = ['sh', '-c', 'while :; do date +%N >"$1"; sleep 0.02; done', 'sh', file]
      const stopped = cluster.exec(at, { argv, signal: controller.signal })
      const written = async () => readFileSync(file, 'utf8')
      while ((await written().catch(() => '')) === '') await sleep(20)
      controller.abort(new Stop('operator'))
      await assert.rejects(stopped, (error) => error instanceof Stop)
      // It ends soon; that it has is seen by what it no longer writes.
      for (let last = await written(); ; last = await written()) {
        await sleep(300)
        if ((await written()) === last) break
      }
    })

    test('is held up by a slow reader, and loses nothing', async () => {
      const file = join(dir, 'megabytes')
      const argv = [
        'sh',
        '-c',
        'n=0; while [ $n -lt 60 ]; do head -c 1000000 /dev/zero; n=$((n+1)); echo $n >"$1"; done',
      ]
      const written = () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0)
      let heldAt = 0
      const report = await cluster.exec(at, {
        argv: [...argv, 'sh', file],
        onStdout: async () => {
          if (heldAt !== 0) return
          for (let last = -1; last !== heldAt || heldAt === 0; await sleep(400)) {
            last = heldAt
            heldAt = written()
          }
        },
        signal,
      })
      assert.ok(heldAt < 40, `${heldAt} MB had gone out before the first byte was taken`)
      assert.equal(report.stdout.bytes, 60_000_000)
    })

    test('that ends before it has read its input is not waited for', async () => {
      const argv = ['sh', '-c', 'head -c 10 >/dev/null; exit 3']
      const report = await cluster.exec(at, { argv, stdin: waiting(), acceptedExitCodes: [3], signal })
      assert.equal(report.exitCode, 3)
    })

    test('is not taken to have ended well when its secret words are wrong', async () => {
      const bad = cluster.exec(at, { argv: ['true'], secretEnv: { 'a b': new Secret('x') }, signal })
      await assert.rejects(bad, /bug: a b cannot be an environment variable/)
    })
  })
})
