import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { clusterKinds } from '../../src/model/cluster-kinds.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import type { ScriptedFault } from '../../src/simulator/cluster/fault-script.ts'
import type { KubeObject } from '../../src/simulator/cluster/kube-object.ts'
import { enter, withSimulatedCluster } from '../support/clusters.ts'

const { configMaps, deployments, secrets } = clusterKinds
const { signal } = new AbortController()
const namespace = 'default'
const canary = 'the-canary-of-the-matrix'
const at = { namespace, pod: 'toolbox', container: 'main' }
const longLog = 'a line of the log\n'.repeat(5000)

const simulated = withSimulatedCluster()
let cluster: Cluster

const refuse = (code: number) => ({ kind: 'refuse', code }) as const
const effects = {
  '401': refuse(401),
  '403': refuse(403),
  '409': refuse(409),
  '410': refuse(410),
  '429': { ...refuse(429), retryAfterSeconds: 0 },
  '500': refuse(500),
  '503': refuse(503),
  slow: { kind: 'slow', ms: 30 },
  'reset before': { kind: 'reset', when: 'before' },
  'reset after': { kind: 'reset', when: 'after' },
  cut: { kind: 'cut', afterBytes: 40 },
} as const satisfies Readonly<Record<string, ScriptedFault['effect']>>
type Effect = keyof typeof effects
const effectNames = Object.keys(effects) as Effect[]

/** The end of a call: `ok`, or the fault's code without its `OPENSHIFT_`. */
type Ends = Readonly<Record<Effect, string>>

interface Row {
  readonly verb: string
  readonly resource: string
  /** Of the API; absent: whichever the request has. */
  readonly apiVerb?: string
  readonly prepare?: (name: string) => void
  /** Calls the port, and throws when what it says is not the truth. */
  readonly call: (name: string) => Promise<unknown>
  /** Whether it has been done, from behind the API; absent: the verb changes nothing. */
  readonly isDone?: (name: string) => boolean
  /** When the fault happens to the first request, and when it happens to each. */
  readonly once: Partial<Ends>
  readonly always: Partial<Ends>
}

const neverPasses = { '401': 'TOKEN_REFUSED', '403': 'FORBIDDEN', '410': 'REFUSED' }
const onceOfAll = { ...neverPasses }
const alwaysOfAll = {
  ...neverPasses,
  '409': 'CONFLICT',
  '429': 'UNAVAILABLE',
  '500': 'UNAVAILABLE',
  '503': 'UNAVAILABLE',
  'reset before': 'UNREACHABLE',
  'reset after': 'UNREACHABLE',
  cut: 'UNREACHABLE',
}
/** What cannot be told after a lost answer is said to be so. */
const unknown = { '500': 'OUTCOME_UNKNOWN', '503': 'OUTCOME_UNKNOWN', 'reset before': 'OUTCOME_UNKNOWN' }

const rows: readonly Row[] = [
  {
    verb: 'serves',
    // Discovery is no resource.
    resource: '',
    call: async () => assert.equal(await cluster.serves(configMaps, { signal }), true),
    once: { '409': 'CONFLICT' },
    always: {},
  },
  {
    verb: 'get',
    resource: 'configmaps',
    apiVerb: 'get',
    prepare: (name) => put(name, { state: 'there' }),
    call: async (name) => {
      const found = await cluster.get(configMaps, { namespace, name }, { signal })
      assert.deepEqual(found?.data, { state: 'there' })
    },
    once: { '409': 'CONFLICT' },
    always: {},
  },
  {
    verb: 'list',
    resource: 'configmaps',
    apiVerb: 'list',
    prepare: (name) => put(name, {}),
    call: async (name) => {
      const names: string[] = []
      for await (const page of cluster.list(configMaps, { namespace }, { signal, pageSize: 2 })) {
        names.push(...page.map(({ metadata }) => metadata.name))
      }
      assert.ok(names.includes(name))
      assert.equal(new Set(names).size, names.length)
    },
    once: { '409': 'CONFLICT', '410': 'ok' },
    always: { '410': 'UNREACHABLE' },
  },
  {
    verb: 'until',
    resource: 'configmaps',
    apiVerb: 'watch',
    prepare: (name) => put(name, { state: 'before' }),
    call: async (name) => {
      const options = { signal, deadlineMs: 1500, what: 'the change' }
      const waiting = cluster.until(
        configMaps,
        { namespace, name },
        ([found]) => found?.data['state'] === 'after',
        options,
      )
      const [[found]] = await Promise.all([waiting, watched().then(() => put(name, { state: 'after' }))])
      assert.deepEqual(found?.data, { state: 'after' })
    },
    once: { '409': 'CONFLICT', '410': 'ok' },
    // A cluster whose watches never work is asked once more at the end.
    always: {
      '410': 'ok',
      '429': 'ok',
      '500': 'ok',
      '503': 'ok',
      'reset before': 'ok',
      'reset after': 'ok',
      cut: 'ok',
    },
  },
  {
    verb: 'apply',
    resource: 'secrets',
    apiVerb: 'patch',
    call: async (name) => {
      const data = { key: new Secret(Buffer.from(canary).toString('base64')) }
      const made = await cluster.apply(secrets, { metadata: { namespace, name }, fields: { data } }, { signal })
      assert.ok(made.data['key']?.equals(data.key))
    },
    isDone: (name) => find('secrets', name) !== undefined,
    once: { '409': 'ok' },
    always: {},
  },
  {
    verb: 'create',
    resource: 'configmaps',
    apiVerb: 'create',
    call: async (name) => {
      const made = await cluster.create(configMaps, { metadata: { namespace, name }, fields: { data: {} } }, { signal })
      assert.equal(made.metadata.uid, find('configmaps', name)?.metadata.uid)
    },
    isDone: (name) => find('configmaps', name) !== undefined,
    once: { '409': 'CONFLICT' },
    always: { 'reset after': 'ok', cut: 'ok' },
  },
  {
    verb: 'patch by merge',
    resource: 'configmaps',
    apiVerb: 'patch',
    prepare: (name) => put(name, { state: 'before' }),
    call: async (name) => {
      const change = { kind: 'merge', body: { data: { state: 'after' } } } as const
      const changed = await cluster.patch(configMaps, { namespace, name }, change, { signal })
      assert.equal(changed.data['state'], 'after')
    },
    isDone: (name) => dataOf(name)?.['state'] === 'after',
    once: { '409': 'ok' },
    always: {},
  },
  {
    verb: 'patch by operations',
    resource: 'configmaps',
    apiVerb: 'patch',
    prepare: (name) => put(name, { state: 'before' }),
    call: async (name) => {
      const operations = [{ op: 'add', path: '/data/added', value: 'once' }] as const
      const changed = await cluster.patch(configMaps, { namespace, name }, { kind: 'json', operations }, { signal })
      assert.equal(changed.data['added'], 'once')
    },
    isDone: (name) => dataOf(name)?.['added'] === 'once',
    once: { '409': 'ok' },
    always: { ...unknown, 'reset after': 'ok', cut: 'ok' },
  },
  {
    verb: 'scale',
    resource: 'deployments.apps/scale',
    apiVerb: 'patch',
    prepare: (name) => deploy(name),
    call: (name) => cluster.scale(deployments, { namespace, name }, 0, { signal }),
    isDone: (name) => replicasOf(name) === 0,
    once: { '409': 'ok' },
    always: {},
  },
  {
    verb: 'remove',
    resource: 'configmaps',
    apiVerb: 'delete',
    prepare: (name) => put(name, {}),
    call: async (name) => {
      assert.equal(await cluster.remove(configMaps, { namespace, name }, { signal, deadlineMs: 5000 }), true)
      assert.equal(find('configmaps', name), undefined)
    },
    isDone: (name) => find('configmaps', name) === undefined,
    once: { '409': 'ok' },
    always: {},
  },
  {
    verb: 'exec',
    resource: 'pods/exec',
    call: async () => {
      const got: Uint8Array[] = []
      const onStdout = (bytes: Uint8Array) => void got.push(bytes)
      await cluster.exec(at, { argv: ['seq', '20000'], secretEnv: { SECRET: new Secret(canary) }, onStdout, signal })
      assert.equal(Buffer.concat(got).toString().trimEnd().split('\n').length, 20_000)
    },
    once: { '409': 'CONFLICT', cut: 'EXEC_CUT' },
    // An exec has no answer to lose: `cut` is what breaks it off.
    always: { '500': 'EXEC_NOT_STARTED', '503': 'EXEC_NOT_STARTED', 'reset after': 'ok', cut: 'EXEC_CUT' },
  },
  {
    verb: 'logs',
    resource: 'pods/log',
    call: async () => {
      const got: Uint8Array[] = []
      for await (const piece of cluster.logs(at, { signal })) got.push(piece)
      assert.equal(Buffer.concat(got).toString(), longLog)
    },
    once: { '409': 'CONFLICT', cut: 'LOG_CUT' },
    always: { cut: 'LOG_CUT' },
  },
  {
    verb: 'may',
    resource: 'selfsubjectaccessreviews.authorization.k8s.io',
    call: async () => {
      const [answer] = await cluster.may([{ verb: 'get', group: '', resource: 'pods' }], { signal })
      assert.equal(answer?.allowed, true)
    },
    once: { '409': 'CONFLICT' },
    always: {},
  },
  {
    verb: 'the look at the identity',
    resource: 'infrastructures.config.openshift.io',
    prepare: (name) => deploy(name),
    call: (name) => cluster.scale(deployments, { namespace, name }, 0, { signal }),
    isDone: (name) => replicasOf(name) === 0,
    once: { '409': 'CONFLICT' },
    always: {},
  },
]

describe('a cluster on which things go wrong', () => {
  before(async () => {
    const { store, pods } = simulated()
    const pod = store.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: at.pod, namespace },
      spec: { containers: [{ name: at.container, image: 'registry.example/toolbox' }] },
      status: { phase: 'Running' },
    })
    pods.log(pod, at.container, longLog)
    cluster = await enter(simulated())
  })
  after(() => cluster.close())

  for (const [n, row] of rows.entries()) {
    for (const times of ['once', 'always'] as const) {
      test(`${row.verb}: each fault that happens ${times} is survived, or said`, async () => {
        const expected = times === 'once' ? { ...onceOfAll, ...row.once } : { ...alwaysOfAll, ...row.always }
        const ends: Record<string, string> = {}
        for (const [m, effect] of effectNames.entries()) {
          const name = `matrix-${n}-${m}-${times}`
          row.prepare?.(name)
          ends[effect] = await endOf(row, name, effects[effect], times)
          if (ends[effect] === 'ok') assert.ok(row.isDone?.(name) ?? true, `${effect}: a wrong success`)
          const refused = effects[effect].kind === 'refuse' && times === 'always'
          if (refused && ends[effect] !== 'ok')
            assert.ok(!(row.isDone?.(name) ?? false), `${effect}: done all the same`)
        }
        const wanted = Object.fromEntries(effectNames.map((effect) => [effect, Object(expected)[effect] ?? 'ok']))
        assert.deepEqual(ends, wanted)
      })
    }
  }

  test('an exec that ends early with exit code 0 is no success', async () => {
    const exec = rows.find(({ verb }) => verb === 'exec') ?? assert.fail()
    for (const afterBytes of [0, 10, 30_000]) {
      const end = await endOf(exec, 'early', { kind: 'end-early', afterBytes }, 'always')
      assert.equal(end, 'EXEC_CUT')
    }
  })

  test('a watch that tells nothing, or expires each time, misses no condition', async () => {
    const until = rows.find(({ verb }) => verb === 'until') ?? assert.fail()
    for (const effect of [{ kind: 'silent' }, { kind: 'expire' }] as const) {
      for (const times of ['once', 'always'] as const) {
        const name = `matrix-${effect.kind}-${times}`
        until.prepare?.(name)
        assert.equal(await endOf(until, name, effect, times), 'ok')
      }
    }
  })
})

/** How a call ends while a fault happens. No fault shows a secret, however it is printed. */
async function endOf(
  row: Row,
  name: string,
  effect: ScriptedFault['effect'],
  times: 'once' | 'always',
): Promise<string> {
  const { resource, apiVerb } = row
  const { faults } = simulated()
  faults.add({ resource, ...(apiVerb === undefined ? {} : { verb: apiVerb }), times: times === 'once' ? 1 : 0, effect })
  try {
    await row.call(name)
    return 'ok'
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    assert.match(error.code, /^OPENSHIFT_/)
    assert.notEqual(error.remedy, '')
    const printed = `${error.message} ${error.remedy} ${inspect(error, { depth: 20, showHidden: true })}`
    const token =
      /"token": "([^"]+)"/.exec(readFileSync(simulated().kubeconfig, 'utf8'))?.[1] ?? assert.fail('no token')
    for (const hidden of [canary, Buffer.from(canary).toString('base64'), token]) assert.ok(!printed.includes(hidden))
    return error.code.replace('OPENSHIFT_', '')
  } finally {
    faults.clear()
  }
}

/** Until the request has come to which the scripted fault happens. */
async function watched(): Promise<void> {
  const { faults } = simulated()
  while (!faults.state().some((fault) => 'calls' in fault && fault.calls !== 0)) await sleep(5)
}

function find(resource: string, name: string): KubeObject | undefined {
  return simulated().store.get({ resource, namespace, name })
}

function put(name: string, data: Record<string, string>): void {
  const { store } = simulated()
  const ref = { resource: 'configmaps', namespace, name }
  if (store.get(ref) === undefined) {
    store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data })
  } else store.modify(ref, (draft) => void (draft.data = data))
}

function dataOf(name: string): Readonly<Record<string, string>> | undefined {
  return find('configmaps', name)?.['data'] as Readonly<Record<string, string>> | undefined
}

function deploy(name: string): void {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'registry.example/pause' }] } }
  const spec = { replicas: 2, selector: { matchLabels: labels }, template }
  simulated().store.create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec })
}

function replicasOf(name: string): number | undefined {
  return (find('deployments.apps', name)?.['spec'] as { replicas?: number } | undefined)?.replicas
}
