import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../../../src/base/clock.ts'
import { kinds } from '../../../../src/simulator/cluster/kinds.ts'
import { FaultScript } from '../../../../src/simulator/cluster/fault-script.ts'
import { ObjectStore } from '../../../../src/simulator/cluster/object-store.ts'
import { ControllerManager } from '../../../../src/simulator/controllers/engine/controller-manager.ts'
import { runControllers } from '../../../../src/simulator/controllers/engine/run-controllers.ts'
import { realTimings, scaledTimings } from '../../../../src/simulator/controllers/engine/timings.ts'
import { hasCondition } from '../../../../src/simulator/controllers/engine/conditions.ts'
import type { ContainerRuntime } from '../../../../src/simulator/controllers/workloads/container-runtime.ts'
import { isAdmitted } from '../../../../src/simulator/controllers/workloads/routes.ts'
import type {
  Deployment,
  DeploymentConfig,
  Job,
  Pod,
  PodKeeper,
  Route,
} from '../../../../src/simulator/controllers/workloads/shapes.ts'
import { scriptedContainers } from '../../../../src/simulator/controllers/workloads/scripted-containers.ts'
import { workloadControllers } from '../../../../src/simulator/controllers/workloads/workload-controllers.ts'
import { namespaceOf, scriptedRuntime, simulatedCluster } from '../../../support/controllers.ts'

const ns = 'web'
const withRuntime = (script: Partial<ContainerRuntime> = {}) => {
  const cluster = simulatedCluster(workloadControllers(scriptedRuntime(script), 'apps.example.com'))
  cluster.create(namespaceOf(ns))
  return cluster
}
const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image, ...more }] },
})
const deployment = (replicas: number, spec = template('v1')) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: ns, name: 'web' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: spec },
})
const deployRef = { resource: 'deployments.apps', namespace: ns, name: 'web' }
const configRef = { resource: 'deploymentconfigs.apps.openshift.io', namespace: ns, name: 'web' }

describe('a Deployment', () => {
  test('comes up pod by pod, and says so when all are ready', async () => {
    const { create, until, view } = withRuntime()
    create(deployment(2))
    const get = () => view.get<Deployment>('deployments.apps', ns, 'web')
    const took = await until(() => get()?.status?.readyReplicas === 2)
    assert.equal(took, 19_000, 'a second to schedule, eight to pull, ten to be ready')
    await until(() => hasCondition(get(), 'Available'))
    const { observedGeneration, updatedReplicas, replicas, conditions } = get()?.status ?? {}
    assert.deepEqual([observedGeneration, updatedReplicas, replicas], [1, 2, 2])
    assert.equal(conditions?.find(({ type }) => type === 'Progressing')?.reason, 'NewReplicaSetAvailable')
  })

  test('rolls a new template out before the old pods go, and scales to nothing in the time they take to end', async () => {
    const { create, until, view } = withRuntime()
    create(deployment(2))
    const get = () => view.get<Deployment>('deployments.apps', ns, 'web')
    await until(() => get()?.status?.readyReplicas === 2)
    view.change<Deployment>(deployRef, (draft) => {
      draft.spec.template = template('v2')
    })
    let least = 2
    await until(() => {
      const ready = view.list<Pod>('pods', ns).filter((pod) => hasCondition(pod, 'Ready')).length
      least = Math.min(least, ready)
      return (
        get()?.status?.observedGeneration === 2 && get()?.status?.updatedReplicas === 2 && get()?.status?.replicas === 2
      )
    })
    assert.equal(least, 2)
    assert.equal(get()?.metadata.annotations?.['deployment.kubernetes.io/revision'], '2')
    view.change<Deployment>(deployRef, (draft) => {
      draft.spec.replicas = 0
    })
    await until(() => get()?.status?.replicas === 0)
    assert.ok(view.list('pods', ns).length > 0, 'those that end are still there')
    await until(() => view.list('pods', ns).length === 0)
    assert.ok(hasCondition(get(), 'Available'), 'nothing is wanted, and nothing is missing')
  })

  test('whose pods lack a key of a secret waits for it, and one that crashes is started again and again', async () => {
    let up = false
    const { create, until, view, pass } = withRuntime({
      crash: async () => (up ? null : { exitCode: 1, message: 'no database' }),
    })
    const env = [{ name: 'URL', valueFrom: { secretKeyRef: { name: 'database', key: 'URL' } } }]
    create(deployment(1, template('v1', { env })))
    const state = () => view.list<Pod>('pods', ns)[0]?.status?.containerStatuses?.[0]
    await until(() => state()?.state.waiting?.reason === 'CreateContainerConfigError')
    assert.equal(state()?.state.waiting?.message, 'secret "database" not found')
    create({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: ns, name: 'database' }, data: { OTHER: '' } })
    await until(() => /find key URL/.test(state()?.state.waiting?.message ?? ''))
    view.change({ resource: 'secrets', namespace: ns, name: 'database' }, (draft) => {
      Object.assign(draft, { data: { URL: Buffer.from('x').toString('base64') } })
    })
    await until(() => (state()?.restartCount ?? 0) >= 4)
    assert.equal(state()?.state.waiting?.reason, 'CrashLoopBackOff')
    await pass(1_300_000)
    const get = view.get<Deployment>('deployments.apps', ns, 'web')
    assert.equal(
      get?.status?.conditions?.find(({ type }) => type === 'Progressing')?.reason,
      'ProgressDeadlineExceeded',
    )
    up = true
    await until(() => view.get<Deployment>('deployments.apps', ns, 'web')?.status?.readyReplicas === 1)
  })
})

const config = (replicas: number, failurePolicy = 'Retry') => ({
  apiVersion: 'apps.openshift.io/v1',
  kind: 'DeploymentConfig',
  metadata: { namespace: ns, name: 'web' },
  spec: {
    replicas,
    selector: { app: 'web' },
    strategy: {
      type: 'Rolling',
      rollingParams: {
        pre: { failurePolicy, execNewPod: { containerName: 'web', command: ['migrate'] } },
        post: { failurePolicy, execNewPod: { containerName: 'web', command: ['rewrite'] } },
      },
    },
    template: template('v1'),
  },
})

describe('a DeploymentConfig', () => {
  test('runs its hooks around the pods, in this order, also with none wanted', async () => {
    for (const replicas of [2, 0]) {
      const order: string[] = []
      const { create, until, view } = withRuntime({
        run: async ({ container }) => {
          const ready = view.list<Pod>('pods', ns, { app: 'web' }).filter((pod) => hasCondition(pod, 'Ready')).length
          order.push(`${container.command?.[0]} with ${ready} ready`)
          return { exitCode: 0, message: '' }
        },
      })
      create(config(replicas))
      const get = () => view.get<DeploymentConfig>(configRef.resource, ns, 'web')
      const isDone = () =>
        get()?.status?.conditions?.some(({ reason }) => reason === 'NewReplicationControllerAvailable') === true
      await until(isDone)
      assert.deepEqual(order, ['migrate with 0 ready', `rewrite with ${replicas} ready`])
      assert.equal(get()?.status?.latestVersion, 1)
      view.change<DeploymentConfig>(configRef, (draft) => {
        draft.spec.replicas = 1
      })
      await until(() => get()?.status?.readyReplicas === 1)
      assert.equal(order.length, 2, 'scaling is no rollout')
      view.change<DeploymentConfig>(configRef, (draft) => {
        draft.spec.template = template('v2')
      })
      await until(() => get()?.status?.latestVersion === 2 && isDone() && get()?.status?.updatedReplicas === 1)
      assert.equal(view.get<PodKeeper>('replicationcontrollers', ns, 'web-1')?.spec.replicas, 0)
    }
  })

  test('whose hook fails tries again until its time is over, and keeps the pods that it had', async () => {
    let fails = false
    const { create, until, view } = withRuntime({
      run: async () => ({ exitCode: fails ? 1 : 0, message: 'no' }),
    })
    create(config(1))
    const get = () => view.get<DeploymentConfig>(configRef.resource, ns, 'web')
    await until(() => get()?.status?.readyReplicas === 1)
    await until(() => get()?.status?.conditions?.some(({ reason }) => reason?.startsWith('NewRepl')) === true)
    fails = true
    view.change<DeploymentConfig>(configRef, (draft) => {
      draft.spec.template = template('v2')
    })
    const took = await until(() => hasCondition(get(), 'Progressing', 'False'))
    assert.ok(took >= 1_200_000)
    assert.equal(get()?.status?.readyReplicas, 1)
    assert.equal(view.get<PodKeeper>('replicationcontrollers', ns, 'web-1')?.status?.readyReplicas, 1)
  })
})

const job = (backoffLimit: number, more: object = {}, container: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { namespace: ns, name: 'load' },
  spec: { backoffLimit, template: { spec: { ...template('v1', container).spec, restartPolicy: 'Never' } }, ...more },
})

describe('a Job', () => {
  test('is complete when its pod succeeds, and has failed after one try more than its limit', async () => {
    for (const [failures, ending, pods] of [
      [0, 'Complete', 1],
      [1, 'Complete', 2],
      [9, 'Failed', 2],
    ] as const) {
      let runs = 0
      const { create, until, view } = withRuntime({
        run: async () => ({ exitCode: runs++ < failures ? 137 : 0, message: 'OOMKilled' }),
      })
      create(job(1))
      const get = () => view.get<Job>('jobs.batch', ns, 'load')
      await until(() => hasCondition(get(), ending))
      assert.equal(runs, pods)
      assert.equal(view.list('pods', ns).length, pods)
      assert.equal(get()?.status?.active, 0)
    }
  })

  test('that cannot start has failed when its time is over, and goes with its pod after it was to be kept', async () => {
    const { create, until, view } = withRuntime({ held: () => 'ImagePullBackOff' })
    create(job(0, { activeDeadlineSeconds: 90, ttlSecondsAfterFinished: 300 }))
    const get = () => view.get<Job>('jobs.batch', ns, 'load')
    await until(() => view.list<Pod>('pods', ns)[0]?.status?.containerStatuses?.[0]?.state.waiting !== undefined)
    assert.ok((await until(() => hasCondition(get(), 'Failed'))) <= 90_000)
    assert.equal(get()?.status?.conditions?.find(({ type }) => type === 'Failed')?.reason, 'DeadlineExceeded')
    await until(() => view.list('pods', ns).length === 0)
    assert.ok((await until(() => get() === undefined)) > 200_000)
  })

  test('waits for the secret whose keys it wants all, is ready while it runs, and is given them', async () => {
    const seen: unknown[] = []
    const { create, until, view } = withRuntime({
      run: async ({ env }) => {
        const pod = view.list<Pod>('pods', ns)[0]
        seen.push(env.get('DB_URL')?.reveal('compare it'), hasCondition(pod, 'Ready'))
        return { exitCode: 0, message: '' }
      },
    })
    create(job(0, {}, { envFrom: [{ prefix: 'DB_', secretRef: { name: 'late' } }] }))
    const waits = () => view.list<Pod>('pods', ns)[0]?.status?.containerStatuses?.[0]?.state.waiting
    await until(() => waits()?.reason === 'CreateContainerConfigError')
    assert.equal(waits()?.message, 'secret "late" not found')
    const data = { URL: Buffer.from('postgresql://x').toString('base64') }
    create({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: ns, name: 'late' }, data })
    await until(() => hasCondition(view.get<Job>('jobs.batch', ns, 'load'), 'Complete'))
    assert.deepEqual(seen, ['postgresql://x', true])
  })
})

test('a script makes the containers that it names crash, or holds them up, as often as it says', async () => {
  const faults = new FaultScript()
  const cluster = simulatedCluster(
    workloadControllers(scriptedContainers(scriptedRuntime(), faults), 'apps.example.com'),
  )
  const { create, until, view } = cluster
  create(namespaceOf(ns))
  faults.add({ resource: 'containers', name: 'web', times: 3, effect: { kind: 'hold', reason: 'ImagePullBackOff' } })
  faults.add({ resource: 'containers', name: 'web', fromCall: 4, times: 2, effect: { kind: 'crash', exitCode: 7 } })
  faults.add({ times: 0, effect: { kind: 'refuse', code: 500 } })
  create(deployment(1))
  const status = () => view.list<Pod>('pods', ns)[0]?.status?.containerStatuses?.[0]
  await until(() => status()?.state.waiting?.reason === 'ImagePullBackOff')
  await until(() => status()?.state.waiting?.reason === 'CrashLoopBackOff')
  await until(() => view.get<Deployment>('deployments.apps', ns, 'web')?.status?.readyReplicas === 1)
  assert.equal(status()?.restartCount, 2)
  assert.equal(status()?.lastState?.terminated?.exitCode, 7)
  const calls = faults.state().map((fault) => (fault as { calls: number }).calls)
  assert.deepEqual(calls, [6, 6, 0], 'three looks, and three starts')
})

test('a StatefulSet numbers its pods, and a claim is bound after a while', async () => {
  const { create, until, view } = withRuntime()
  create(
    { ...deployment(2), kind: 'StatefulSet' },
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace: ns, name: 'data' }, spec: {} },
  )
  await until(() => view.get<PodKeeper>('statefulsets.apps', ns, 'web')?.status?.readyReplicas === 2)
  assert.deepEqual(
    view.list('pods', ns).map(({ metadata }) => metadata.name),
    ['web-0', 'web-1'],
  )
  assert.equal(view.get('persistentvolumeclaims', ns, 'data')?.['status'] !== undefined, true)
})

const route = (namespace: string) => ({
  apiVersion: 'route.openshift.io/v1',
  kind: 'Route',
  metadata: { namespace, name: 'portal' },
  spec: { host: 'portal.apps.example.com', to: { kind: 'Service', name: 'system-developer' } },
})

test('a host belongs to the namespace that had it first, until its route is gone', async () => {
  const { create, until, view } = withRuntime()
  const get = (namespace: string) => view.get<Route>('routes.route.openshift.io', namespace, 'portal')
  const admitted = (namespace: string) => {
    const found = get(namespace)
    return found !== undefined && isAdmitted(found)
  }
  create(namespaceOf('second'), route(ns))
  await until(() => admitted(ns))
  create(route('second'))
  await until(() => get('second')?.status?.ingress?.[0]?.conditions[0]?.reason === 'HostAlreadyClaimed')
  assert.ok(admitted(ns))
  view.remove({ resource: 'routes.route.openshift.io', namespace: ns, name: 'portal' })
  await until(() => admitted('second'))
})

test('controllers run in real time as well, faster than the world, until they are stopped', async () => {
  const store = ObjectStore.open({ kinds, clock: systemClock })
  const stop = new AbortController()
  const manager = new ControllerManager({
    store,
    controllers: workloadControllers(scriptedRuntime(), 'apps.example.com'),
    timings: scaledTimings(realTimings, 500),
    clock: systemClock,
    seed: 1,
    signal: stop.signal,
    onError: (error) => stop.abort(error),
  })
  const running = runControllers(manager, systemClock, stop.signal)
  const ready = Promise.withResolvers<void>()
  store.watch(deployRef.resource, {}, ({ object }) => {
    if (hasCondition(object as Deployment, 'Available')) ready.resolve()
  })
  for (const object of [namespaceOf(ns), deployment(2)]) store.create(object)
  await ready.promise
  assert.equal(stop.signal.aborted, false)
  stop.abort()
  await running
  manager.close()
})
