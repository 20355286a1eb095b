import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { clusterKinds } from '../../src/model/cluster-kinds.ts'
import { clusterKind } from '../../src/model/cluster-object.ts'
import type { Cluster, ContainerRef } from '../../src/ports/cluster.ts'

/** A cluster that stands behind the port, and what it can do besides its API. */
export interface ContractSubject {
  readonly cluster: Cluster
  /** A second way into the same cluster, to do what others do meanwhile. */
  readonly others: Cluster
  /** A container in which programs run; absent: nothing runs pods. */
  readonly container?: ContainerRef
  /** Whether what is deleted goes together with what it owns. */
  readonly collectsGarbage: boolean
  close(): Promise<void>
}

const { configMaps, secrets, deployments, namespaces } = clusterKinds
const { signal } = new AbortController()
const soon = { signal, deadlineMs: 20_000 }

export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.fail('it worked'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof Fault, String(error))
  return error.code
}

async function all<Item>(pages: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const items: Item[] = []
  for await (const page of pages) items.push(...page)
  return items
}

const has = (value: string) => (found: readonly { readonly data: Readonly<Record<string, string>> }[]) =>
  found[0]?.data['state'] === value

/** What every implementation of the port `Cluster` keeps. */
export function clusterContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`the port Cluster, by ${name}`, () => {
    const namespace = `contract-${randomBytes(3).toString('hex')}`
    let subject: ContractSubject
    let cluster: Cluster
    before(async () => {
      subject = await open()
      cluster = subject.cluster
      await cluster.apply(namespaces, { metadata: { name: namespace }, fields: {} }, { signal })
    })
    after(() => subject.close())

    const configMap = (name: string, data: Readonly<Record<string, string>>, labels = {}) => ({
      metadata: { name, namespace, labels },
      fields: { data },
    })

    test('says which cluster it is', () => {
      assert.notEqual(cluster.identity.uid, '')
      assert.notEqual(cluster.identity.name, '')
      assert.deepEqual(cluster.identity, subject.others.identity)
    })

    test('tells an object that is missing from a kind that is', async () => {
      const ref = { name: 'nothing', namespace }
      assert.equal(await cluster.get(configMaps, ref, { signal }), null)
      const unknown = clusterKind(
        { apiVersion: 'nobody.example/v1', kind: 'Thing', plural: 'things', namespaced: true },
        {},
      )
      assert.equal(await cluster.serves(configMaps, { signal }), true)
      assert.equal(await cluster.serves(unknown, { signal }), false)
      assert.equal(await codeOf(cluster.get(unknown, ref, { signal })), 'OPENSHIFT_KIND_UNKNOWN')
      assert.equal(await codeOf(all(cluster.list(unknown, { namespace }, { signal }))), 'OPENSHIFT_KIND_UNKNOWN')
    })

    test('applies a manifest with the effect of once', async () => {
      const manifest = configMap('applied', { colour: 'red' })
      const first = await cluster.apply(configMaps, manifest, { signal })
      assert.deepEqual(first.data, { colour: 'red' })
      const again = await cluster.apply(configMaps, manifest, { signal })
      assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion)
      const tried = await cluster.apply(configMaps, configMap('applied', { colour: 'blue' }), { signal, dryRun: true })
      assert.deepEqual(tried.data, { colour: 'blue' })
      assert.deepEqual((await cluster.get(configMaps, { name: 'applied', namespace }, { signal }))?.data, {
        colour: 'red',
      })
    })

    test('does not take a field from another owner, unless it is told to', async () => {
      const ref = { name: 'owned', namespace }
      await cluster.create(configMaps, configMap('owned', { mode: 'theirs' }), { signal })
      const change = { kind: 'merge', body: { data: { mode: 'by hand' } } } as const
      await cluster.patch(configMaps, ref, change, { signal })
      const manifest = configMap('owned', { mode: 'ours' })
      // A patch owns by update what it has written: apply is another owner, of the same name.
      assert.equal(await codeOf(cluster.apply(configMaps, manifest, { signal })), 'OPENSHIFT_FIELD_OWNED')
      assert.deepEqual((await cluster.apply(configMaps, manifest, { signal, force: true })).data, { mode: 'ours' })
    })

    test('carries the values of secrets as they are, and shows none', async () => {
      const bytes = Buffer.from([0, 255, 10, 128, 65, 10])
      const data = { binary: new Secret(bytes.toString('base64')) }
      const manifest = { metadata: { name: 'carried', namespace }, fields: { type: 'Opaque', data } }
      const applied = await cluster.apply(secrets, manifest, { signal })
      const read = await cluster.get(secrets, { name: 'carried', namespace }, { signal })
      assert.ok(read?.data['binary']?.equals(data.binary))
      assert.equal(JSON.stringify([applied.data, read?.data]), '[{"binary":"[secret]"},{"binary":"[secret]"}]')
    })

    test('creates what is not there, and leaves alone what is', async () => {
      const made = await cluster.create(configMaps, configMap('made', { by: 'us' }), { signal })
      assert.equal(
        await codeOf(cluster.create(configMaps, configMap('made', { by: 'them' }), { signal })),
        'OPENSHIFT_EXISTS',
      )
      const found = await cluster.get(configMaps, { name: 'made', namespace }, { signal })
      assert.deepEqual(found?.data, { by: 'us' })
      assert.equal(found.metadata.uid, made.metadata.uid)
      const homeless = { metadata: { name: 'x', namespace: 'no-such-namespace' }, fields: {} }
      assert.equal(await codeOf(cluster.create(configMaps, homeless, { signal })), 'OPENSHIFT_NOT_FOUND')
    })

    test('patches by merge and by operations, under a condition where one is given', async () => {
      const ref = { name: 'patched', namespace }
      const first = await cluster.create(configMaps, configMap('patched', { a: '1', b: '2' }), { signal })
      const { uid, resourceVersion } = first.metadata
      const merge = { kind: 'merge', body: { data: { a: null, c: '3' } } } as const
      const merged = await cluster.patch(configMaps, ref, merge, { signal, precondition: { uid, resourceVersion } })
      assert.deepEqual(merged.data, { b: '2', c: '3' })
      const stale = cluster.patch(configMaps, ref, merge, { signal, precondition: { resourceVersion } })
      assert.equal(await codeOf(stale), 'OPENSHIFT_CONFLICT')
      const other = cluster.patch(configMaps, ref, merge, { signal, precondition: { uid: `${uid}x` } })
      assert.equal(await codeOf(other), 'OPENSHIFT_CONFLICT')
      const operations = [
        { op: 'replace', path: '/data/b', value: 'two' },
        { op: 'add', path: '/data/d~1e', value: '4' },
        { op: 'remove', path: '/data/c' },
      ] as const
      const patched = await cluster.patch(configMaps, ref, { kind: 'json', operations }, { signal })
      assert.deepEqual(patched.data, { b: 'two', 'd/e': '4' })
      const nothing = cluster.patch(configMaps, { name: 'nothing', namespace }, merge, { signal })
      assert.equal(await codeOf(nothing), 'OPENSHIFT_NOT_FOUND')
      const wrong = { kind: 'json', operations: [{ op: 'remove', path: '/data/nothing' }] } as const
      assert.equal(await codeOf(cluster.patch(configMaps, ref, wrong, { signal })), 'OPENSHIFT_REFUSED')
    })

    test('lists page by page, each object once, and by label', async () => {
      for (let n = 0; n < 7; n++) {
        const labels = { family: n % 2 === 0 ? 'even' : 'odd', list: 'yes' }
        await cluster.apply(configMaps, configMap(`item-${n}`, {}, labels), { signal })
      }
      const pages: number[] = []
      const names: string[] = []
      for await (const page of cluster.list(configMaps, { namespace, labels: 'list=yes' }, { signal, pageSize: 3 })) {
        pages.push(page.length)
        names.push(...page.map(({ metadata }) => metadata.name))
      }
      assert.deepEqual(pages, [3, 3, 1])
      assert.deepEqual(
        names.sort(),
        [0, 1, 2, 3, 4, 5, 6].map((n) => `item-${n}`),
      )
      const even = await all(cluster.list(configMaps, { namespace, labels: 'list=yes,family=even' }, { signal }))
      assert.equal(even.length, 4)
      const one = await all(cluster.list(configMaps, { namespace, name: 'item-3' }, { signal }))
      assert.deepEqual(
        one.map(({ metadata }) => metadata.name),
        ['item-3'],
      )
    })

    test('waits until a condition holds, of what comes, changes and goes', async () => {
      const query = { namespace, name: 'awaited' }
      for (const value of ['first', 'second']) {
        const waiting = cluster.until(configMaps, query, has(value), { ...soon, what: value })
        await subject.others.apply(configMaps, configMap('awaited', { state: value }), { signal })
        assert.equal((await waiting)[0]?.data['state'], value)
      }
      const gone = cluster.until(configMaps, query, (found) => found.length === 0, { ...soon, what: 'nothing' })
      if (subject.collectsGarbage) await subject.others.remove(configMaps, query, soon)
      else return
      assert.deepEqual(await gone, [])
    })

    test('says what was waited for, and how it stands, when the time is over', async () => {
      const waiting = cluster.until(configMaps, { namespace, name: 'never' }, (found) => found.length > 0, {
        signal,
        deadlineMs: 300,
        what: 'the config map never',
        describe: (found) => `${found.length} of them`,
      })
      await assert.rejects(waiting, (error) => {
        assert.ok(error instanceof Fault)
        assert.equal(error.code, 'OPENSHIFT_NOT_IN_TIME')
        assert.match(error.message, /the config map never, which is not so: 0 of them$/)
        return true
      })
    })

    test('scales through the subresource', async () => {
      const labels = { app: 'scaled' }
      const container = { name: 'main', image: 'registry.example/pause', command: ['sleep', 'infinity'] }
      const template = { metadata: { labels }, spec: { containers: [container] } }
      const spec = { replicas: 0, selector: { matchLabels: labels }, template }
      const ref = { name: 'scaled', namespace }
      await cluster.create(deployments, { metadata: ref, fields: { spec } }, { signal })
      await cluster.scale(deployments, ref, 3, { signal })
      assert.equal((await cluster.get(deployments, ref, { signal }))?.spec.replicas, 3)
      await cluster.scale(deployments, ref, 0, { signal })
      assert.equal((await cluster.get(deployments, ref, { signal }))?.spec.replicas, 0)
      const nothing = cluster.scale(deployments, { name: 'nothing', namespace }, 1, { signal })
      assert.equal(await codeOf(nothing), 'OPENSHIFT_NOT_FOUND')
    })

    test('removes what was there, and waits for what holds it', async (t) => {
      if (!subject.collectsGarbage) return t.skip('nothing collects garbage here')
      const ref = { name: 'removed', namespace }
      const held = { metadata: { ...ref, annotations: {} }, fields: {} }
      const made = await cluster.create(configMaps, held, { signal })
      assert.equal(await cluster.remove(configMaps, ref, { ...soon, precondition: { uid: made.metadata.uid } }), true)
      assert.equal(await cluster.remove(configMaps, ref, soon), false)
      await cluster.create(configMaps, held, { signal })
      const other = cluster.remove(configMaps, ref, { ...soon, precondition: { uid: made.metadata.uid } })
      assert.equal(await codeOf(other), 'OPENSHIFT_CONFLICT')
      const hold = { kind: 'merge', body: { metadata: { finalizers: ['example.com/held'] } } } as const
      await cluster.patch(configMaps, ref, hold, { signal })
      await assert.rejects(
        cluster.remove(configMaps, ref, { signal, deadlineMs: 300 }),
        /finalizers are .*example.com\/held/,
      )
      const removed = cluster.remove(configMaps, ref, soon)
      const free = { kind: 'merge', body: { metadata: { finalizers: null } } } as const
      await subject.others.patch(configMaps, ref, free, { signal })
      assert.equal(await removed, true)
    })

    test('knows what it may', async () => {
      const questions = [
        { verb: 'get', group: '', resource: 'secrets', namespace },
        { verb: 'patch', group: 'apps', resource: 'deployments', subresource: 'scale', namespace },
      ]
      const answers = await cluster.may(questions, { signal })
      assert.deepEqual(
        answers,
        questions.map((question) => ({ question, allowed: true })),
      )
    })

    test('runs a program to its end, with every byte counted', async (t) => {
      const { container } = subject
      if (container === undefined) return t.skip('nothing runs pods here')
      const input = randomBytes(3_000_000)
      const got: Uint8Array[] = []
      const report = await cluster.exec(container, {
        argv: ['sh', '-c', 'printf %s "$GREETING"; cat; printf oops >&2'],
        secretEnv: { GREETING: new Secret('two\nlines ') },
        stdin: pieces(input),
        onStdout: (bytes) => void got.push(bytes),
        onStderr: (bytes) => assert.equal(Buffer.from(bytes).toString(), 'oops'),
        signal,
      })
      assert.ok(Buffer.concat(got).equals(Buffer.concat([Buffer.from('two\nlines '), input])))
      assert.equal(report.exitCode, 0)
      assert.equal(report.stdin.bytes, input.length)
      assert.equal(report.stdout.bytes, input.length + 10)
      assert.equal(report.inputTaken, true)
    })

    test('says how a program failed, or that there is none', async (t) => {
      const { container } = subject
      if (container === undefined) return t.skip('nothing runs pods here')
      const failing = cluster.exec(container, { argv: ['sh', '-c', 'exit 3'], signal })
      assert.equal(await codeOf(failing), 'OPENSHIFT_EXEC_FAILED')
      const accepted = await cluster.exec(container, { argv: ['sh', '-c', 'exit 3'], acceptedExitCodes: [3], signal })
      assert.equal(accepted.exitCode, 3)
      const missing = cluster.exec({ ...container, pod: 'no-such-pod' }, { argv: ['true'], signal })
      assert.equal(await codeOf(missing), 'OPENSHIFT_NOT_FOUND')
    })
  })
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 700_001) yield bytes.subarray(from, from + 700_001)
}
