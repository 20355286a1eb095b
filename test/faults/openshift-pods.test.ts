import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { openCluster as enterCluster } from '../../src/adapters/openshift/cluster.ts'
import { type LiveCluster, openLiveCluster } from '../../src/app/live-cluster.ts'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { clusterKinds } from '../../src/model/cluster-kinds.ts'
import type { Cluster, ContainerRef, ThrowawayPod } from '../../src/ports/cluster.ts'
import type { ScriptedFault } from '../../src/simulator/cluster/fault-script.ts'
import { realTimings, scaledTimings } from '../../src/simulator/controllers/engine/timings.ts'
import { accessOf, quickTiming } from '../support/clusters.ts'
import { temporaryFolder } from '../support/servers.ts'

const { deployments, pods } = clusterKinds
const { signal } = new AbortController()
const namespace = 'default'
const nowhere = new Secret('redis://127.0.0.1:1')
const troubles: unknown[] = []
let live: LiveCluster
let cluster: Cluster

const crash = { kind: 'crash', exitCode: 3 } as const
const hold = { kind: 'hold', reason: 'ImagePullBackOff' } as const

const pod = (argv: readonly string[], activeDeadlineSeconds = 60): ThrowawayPod => ({
  namespace,
  purpose: 'test',
  image: 'registry.example/tools',
  argv,
  env: { GREETING: 'hello' },
  secretEnv: { PGPASSWORD: new Secret('the-word') },
  activeDeadlineSeconds,
})

/** Happens to every start of containers of this name, or to so many. */
function script(name: string, effect: ScriptedFault['effect'], times = 0): void {
  live.cluster.faults.add({ resource: 'containers', name, times, effect })
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error = await work.then(
    () => assert.fail('a wrong success'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof Fault, String(error))
  assert.notEqual(error.remedy, '')
  return error
}

async function deploy(name: string): Promise<void> {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name, image: 'registry.example/web' }] } }
  const spec = { replicas: 1, selector: { matchLabels: labels }, template }
  await cluster.apply(deployments, { metadata: { namespace, name }, fields: { spec } }, { signal })
}

function untilUp(name: string, deadlineMs: number) {
  return cluster.until(deployments, { namespace, name }, ([one]) => one?.status.readyReplicas === 1, {
    signal,
    deadlineMs,
    what: `${name} to be up`,
    describe: ([one]) => one?.status.conditions.map(({ type, status }) => `${type} ${status}`).join() ?? 'gone',
  })
}

const hasGivenUp = ([one]: readonly { status: { conditions: readonly { type: string; reason: string }[] } }[]) =>
  one?.status.conditions.some(({ reason }) => reason === 'ProgressDeadlineExceeded') === true

/** Uses a pod for as long as it lets itself be used. */
function lend(seconds: number) {
  const use = async (container: ContainerRef) => {
    for (;;) await cluster.exec(container, { argv: ['true'], signal })
  }
  return cluster.withPod(pod(['sleep', '300'], seconds), use, { signal })
}

const reasonsOf = (name: string) =>
  cluster.until(
    pods,
    { namespace, labels: `app=${name}` },
    ([one]) => one?.status.containerStatuses.some(({ state }) => state.waiting !== undefined) === true,
    { signal, deadlineMs: 30_000, what: `the pod of ${name} to wait` },
  )

describe('pods that do not come up', () => {
  before(async () => {
    live = await openLiveCluster({
      cluster: {
        name: 'source',
        dir: temporaryFolder(),
        appsDomain: 'apps.source.example',
        region: 'eu-west-1',
        port: 0,
        path: process.env['PATH'] ?? '',
        clock: systemClock,
        bookmarkMs: 100,
      },
      served: ['apps.source.example'],
      worldClock: systemClock,
      timings: scaledTimings(realTimings, 500),
      bundledServers: () => ({
        systemDatabase: nowhere,
        systemRedis: nowhere,
        backendRedisStorage: nowhere,
        backendRedisQueues: nowhere,
      }),
      rhoam: null,
      onTrouble: (error) => void troubles.push(error),
    })
    const access = accessOf(live.cluster.kubeconfig)
    cluster = await enterCluster({ access, expected: null, timing: quickTiming, signal })
  })
  after(async () => {
    cluster.close()
    await live.close()
    assert.deepEqual(troubles, [])
  })
  beforeEach(() => live.cluster.faults.clear())

  test('where nothing goes wrong a Job runs its program, with its secret, and a pod is lent', async () => {
    const report = await cluster.runJob(pod(['sh', '-c', 'echo "$GREETING $PGPASSWORD"; echo oops >&2']), { signal })
    assert.equal(report.exitCode, 0)
    const said = report.log.reveal('compare it')
    assert.match(said, /^hello the-word$/m)
    assert.match(said, /^oops$/m)
    const failed = await faultOf(cluster.runJob(pod(['sh', '-c', 'exit 4']), { signal }))
    assert.match(failed.message, /exit code 4/)
    const got: Uint8Array[] = []
    await cluster.withPod(
      pod(['sleep', '300']),
      (container) =>
        cluster
          .exec(container, {
            argv: ['sh', '-c', 'printf %s "$PGPASSWORD"'],
            onStdout: (bytes) => void got.push(bytes),
            signal,
          })
          .then(() => undefined),
      { signal },
    )
    assert.equal(Buffer.concat(got).toString(), 'the-word')
  })

  test('a Job whose container crashes has failed, and one that cannot start is over when its time is', async () => {
    script('main', crash, 1)
    const crashed = await faultOf(cluster.runJob(pod(['true']), { signal }))
    assert.equal(crashed.code, 'OPENSHIFT_JOB_FAILED')
    assert.match(crashed.message, /exit code 3/)
    script('main', hold)
    const held = await faultOf(cluster.runJob(pod(['true'], 1), { signal }))
    assert.equal(held.code, 'OPENSHIFT_JOB_FAILED')
    assert.match(held.message, /DeadlineExceeded/)
    assert.deepEqual(live.cluster.store.list('jobs.batch', { namespace }), [])
  })

  test('what is done in a pod that crashes fails, whether that was seen before or not; one that cannot start is never lent', async () => {
    script('main', crash, 1)
    assert.match((await faultOf(lend(60))).code, /^OPENSHIFT_/)
    script('main', hold)
    const held = await faultOf(lend(1))
    assert.ok(['OPENSHIFT_NOT_IN_TIME', 'OPENSHIFT_JOB_FAILED'].includes(held.code), held.code)
    assert.deepEqual(live.cluster.store.list('jobs.batch', { namespace }), [])
  })

  test('CrashLoopBackOff: what waits for the rollout says so, no program runs in it, and it comes up once it can', async () => {
    script('crashing', crash)
    await deploy('crashing')
    const late = await faultOf(untilUp('crashing', 1000))
    assert.equal(late.code, 'OPENSHIFT_NOT_IN_TIME')
    assert.match(late.message, /Available False/)
    const [crashing] = await reasonsOf('crashing')
    assert.equal(crashing?.status.containerStatuses[0]?.state.waiting?.reason, 'CrashLoopBackOff')
    const at = { namespace, pod: crashing?.metadata.name ?? '', container: 'crashing' }
    assert.match((await faultOf(cluster.exec(at, { argv: ['true'], signal }))).code, /^OPENSHIFT_/)
    live.cluster.faults.clear()
    await untilUp('crashing', 60_000)
  })

  test('a container that crashes once is started again', async () => {
    script('shaky', crash, 1)
    await deploy('shaky')
    await untilUp('shaky', 60_000)
  })

  test('a stuck rollout is never taken for done, is told by the cluster too, and goes on once it can', async () => {
    script('stuck', hold)
    await deploy('stuck')
    const late = await faultOf(untilUp('stuck', 1000))
    assert.equal(late.code, 'OPENSHIFT_NOT_IN_TIME')
    const [waiting] = await reasonsOf('stuck')
    assert.equal(waiting?.status.containerStatuses[0]?.state.waiting?.reason, 'ImagePullBackOff')
    const options = { signal, deadlineMs: 60_000, what: 'the cluster to say so' }
    await cluster.until(deployments, { namespace, name: 'stuck' }, hasGivenUp, options)
    live.cluster.faults.clear()
    await untilUp('stuck', 60_000)
  })
})
