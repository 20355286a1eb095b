import type { KubeObject } from '../../cluster/kube-object.ts'
import { type Condition, withCondition } from '../engine/conditions.ts'
import { type Again, type Context, type Controller, keyOf, ownerKey, splitKey } from '../engine/controller.ts'
import { controllerReference, createPod, podsOf, templateHash } from './keep-pods.ts'
import { deployerLabel, finishPod, hookLabel } from './pods.ts'
import type { DeploymentConfig, LifecycleHook, Pod, PodKeeper, PodTemplate } from './shapes.ts'

const resource = 'deploymentconfigs.apps.openshift.io'
const controllers = 'replicationcontrollers'
export const phaseAnnotation = 'openshift.io/deployment.phase'
const hashAnnotation = 'simulator.threeshift/template-hash'
const versionAnnotation = 'openshift.io/deployment-config.latest-version'

/**
 * DeploymentConfigs: a change of the template makes the next version, and a version is a ReplicationController whose
 * annotation says how far its rollout is:
 *
 *   New → Pending (its deploy pod starts) → Running (hook before · pods up, old ones down · hook after) → Complete
 *
 * or Failed: a hook that may not be tried again, or not in time, or a newer version. Then the pods of the last complete
 * version stay. Scaling is no rollout.
 */
export const deploymentConfigs: Controller = {
  name: 'deploymentconfigs',
  watches: {
    [resource]: (config) => [keyOf(config)],
    [controllers]: (controller) => ownerKey(controller, 'DeploymentConfig'),
    pods: (pod, view) =>
      ownerKey(pod, 'ReplicationController').flatMap((key) => {
        const { namespace, name } = splitKey(key)
        const owner = view.get(controllers, namespace, name)
        return owner === undefined ? [] : ownerKey(owner, 'DeploymentConfig')
      }),
  },
  reconcile: (key, context) => {
    const { namespace, name } = splitKey(key)
    const config = context.view.get<DeploymentConfig>(resource, namespace, name)
    if (config === undefined || config.metadata.deletionTimestamp !== undefined) return null
    const versions = context.view
      .list<PodKeeper>(controllers, namespace)
      .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === config.metadata.uid) === true)
      .sort((a, b) => versionOf(b) - versionOf(a))
    const [latest] = versions
    const wanted = Math.max(config.status?.latestVersion ?? 0, latest === undefined ? 0 : versionOf(latest))
    const hash = templateHash(config.spec.template)
    const changed = latest === undefined || latest.metadata.annotations?.[hashAnnotation] !== hash
    if (latest === undefined || changed || versionOf(latest) < wanted) {
      const next = latest === undefined ? Math.max(1, wanted) : Math.max(wanted, versionOf(latest) + 1)
      if (latest !== undefined && !isOver(latest)) fail(context, latest)
      createVersion(context, config, next, hash)
      return report(context, config, next, 0)
    }
    const again = isOver(latest) ? settle(context, config, versions) : roll(context, config, latest, versions)
    return report(context, config, versionOf(latest), again)
  },
}

function roll(context: Context, config: DeploymentConfig, latest: PodKeeper, versions: readonly PodKeeper[]): Again {
  const { namespace = '' } = config.metadata
  const ref = { resource: controllers, namespace, name: latest.metadata.name }
  const deadline = context.remaining(latest, 'rollout', context.timings.rolloutDeadline)
  if (deadline === 0) {
    fail(context, latest)
    return 0
  }
  const deployer = podsOf(context, latest).find(({ metadata }) => metadata.name === `${latest.metadata.name}-deploy`)
  if (deployer === undefined) {
    createPod(context, latest, deployerTemplate(latest), `${latest.metadata.name}-deploy`)
    setPhase(context, latest, 'Pending')
    return deadline
  }
  if (deployer.status?.phase !== 'Running') return deadline
  setPhase(context, latest, 'Running')

  const { pre, post } = config.spec.strategy?.rollingParams ?? {}
  const before = pre === undefined ? 'done' : hook(context, latest, pre, 'pre')
  if (before === 'failed') fail(context, latest)
  if (before !== 'done') return before === 'failed' ? 0 : deadline

  const { replicas = 1 } = config.spec
  context.view.change<PodKeeper>(ref, (draft) => {
    draft.spec.replicas = replicas
  })
  const ready = latest.status?.readyReplicas ?? 0
  shrinkOthers(context, versions.slice(1), Math.max(0, replicas - ready))
  if (ready < replicas) return deadline

  const after = post === undefined ? 'done' : hook(context, latest, post, 'post')
  if (after === 'failed') fail(context, latest)
  if (after !== 'done') return after === 'failed' ? 0 : deadline
  finishPod(context, { resource: 'pods', namespace, name: deployer.metadata.name }, 0, 'Success')
  setPhase(context, latest, 'Complete')
  for (const old of versions.slice(1)) {
    for (const { metadata } of podsOf(context, old)) {
      if (metadata.labels?.[deployerLabel] !== undefined)
        context.view.remove({ resource: 'pods', namespace, name: metadata.name })
    }
  }
  return null
}

/** After a rollout: the last complete version has the pods, and as many as are wanted. */
function settle(context: Context, config: DeploymentConfig, versions: readonly PodKeeper[]): Again {
  const active = versions.find((version) => phaseOf(version) === 'Complete')
  for (const version of versions) {
    const replicas = version === active ? (config.spec.replicas ?? 1) : 0
    context.view.change<PodKeeper>(refOf(version), (draft) => {
      draft.spec.replicas = replicas
    })
  }
  return null
}

/** Runs a hook pod; a failed one is tried again where its policy says so. */
function hook(
  context: Context,
  version: PodKeeper,
  hook: LifecycleHook,
  type: 'pre' | 'post',
): 'done' | 'running' | 'failed' {
  const { namespace = '', name } = version.metadata
  const podName = `${name}-hook-${type}`
  const pod = context.view.get<Pod>('pods', namespace, podName)
  if (pod?.status?.phase === 'Succeeded') return 'done'
  if (pod?.status?.phase === 'Failed') {
    if (hook.failurePolicy === 'Ignore') return 'done'
    if (hook.failurePolicy === 'Abort') return 'failed'
    context.view.remove({ resource: 'pods', namespace, name: podName }, { atOnce: true })
  }
  createPod(context, version, hookTemplate(version, hook, type), podName)
  return 'running'
}

function hookTemplate(version: PodKeeper, { execNewPod }: LifecycleHook, type: string): PodTemplate {
  const container = version.spec.template.spec.containers.find(({ name }) => name === execNewPod.containerName)
  if (container === undefined) throw new Error(`bug: hook ${type} of ${version.metadata.name} names no container`)
  const { command, env = [] } = execNewPod
  return {
    metadata: { labels: { [deployerLabel]: version.metadata.name, [hookLabel]: `hook-${type}` } },
    spec: {
      restartPolicy: 'Never',
      containers: [{ ...container, name: 'lifecycle', command, env: [...(container.env ?? []), ...env] }],
    },
  }
}

function deployerTemplate(version: PodKeeper): PodTemplate {
  return {
    metadata: { labels: { [deployerLabel]: version.metadata.name } },
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'deployment', image: 'openshift/deployer', command: ['openshift-deploy'] }],
    },
  }
}

function createVersion(context: Context, config: DeploymentConfig, version: number, hash: string): void {
  const { namespace = '', name } = config.metadata
  const { template } = config.spec
  const labels = { ...template.metadata?.labels, deployment: `${name}-${version}`, deploymentconfig: name }
  context.view.ensure({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: {
      namespace,
      name: `${name}-${version}`,
      labels: { 'openshift.io/deployment-config.name': name },
      annotations: {
        [phaseAnnotation]: 'New',
        [versionAnnotation]: String(version),
        [hashAnnotation]: hash,
        'openshift.io/deployment-config.name': name,
      },
      ownerReferences: [controllerReference(config)],
    },
    spec: { replicas: 0, selector: labels, template: { ...template, metadata: { ...template.metadata, labels } } },
  })
}

function report(context: Context, config: DeploymentConfig, latestVersion: number, again: Again): Again {
  const { namespace = '', name, generation = 1 } = config.metadata
  const { replicas = 1 } = config.spec
  const versions = context.view
    .list<PodKeeper>(controllers, namespace)
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === config.metadata.uid) === true)
  const latest = versions.find((version) => versionOf(version) === latestVersion)
  const total = (field: 'replicas' | 'readyReplicas') =>
    versions.reduce((sum, { status }) => sum + (status?.[field] ?? 0), 0)
  const ready = total('readyReplicas')
  const progressing: Omit<Condition, 'lastTransitionTime'> =
    latest === undefined || !isOver(latest)
      ? { type: 'Progressing', status: 'True', reason: 'ReplicationControllerUpdated' }
      : phaseOf(latest) === 'Complete'
        ? { type: 'Progressing', status: 'True', reason: 'NewReplicationControllerAvailable' }
        : {
            type: 'Progressing',
            status: 'False',
            reason: 'ProgressDeadlineExceeded',
            message: `replication controller "${latest.metadata.name}" has failed progressing`,
          }
  context.view.change<DeploymentConfig>({ resource, namespace, name }, (draft) => {
    const enough = ready >= replicas - Math.floor(replicas / 4)
    let conditions = withCondition(
      draft.status?.conditions,
      { type: 'Available', status: enough && latestVersion > 0 ? 'True' : 'False' },
      context,
    )
    conditions = withCondition(conditions, progressing, context)
    draft.status = {
      latestVersion,
      observedGeneration: generation,
      replicas: total('replicas'),
      updatedReplicas: latest?.status?.replicas ?? 0,
      readyReplicas: ready,
      availableReplicas: ready,
      unavailableReplicas: Math.max(0, replicas - ready),
      conditions,
    }
  })
  return again
}

function shrinkOthers(context: Context, others: readonly PodKeeper[], keep: number): void {
  let spare = keep
  for (const other of others) {
    const left = Math.min(other.spec.replicas ?? 0, spare)
    spare -= left
    context.view.change<PodKeeper>(refOf(other), (draft) => {
      draft.spec.replicas = left
    })
  }
}

/** Ends a rollout that has not come to its end, with its deploy pod and hooks. */
function fail(context: Context, version: PodKeeper): void {
  const { namespace = '', name } = version.metadata
  setPhase(context, version, 'Failed')
  const deployer = { resource: 'pods', namespace, name: `${name}-deploy` }
  finishPod(context, deployer, 1, 'the rollout failed')
  for (const type of ['pre', 'post']) context.view.remove({ resource: 'pods', namespace, name: `${name}-hook-${type}` })
}

function setPhase(context: Context, version: PodKeeper, phase: string): void {
  context.view.change<PodKeeper>(refOf(version), (draft) => {
    draft.metadata.annotations = { ...draft.metadata.annotations, [phaseAnnotation]: phase }
  })
}

function refOf({ metadata: { namespace = '', name } }: KubeObject) {
  return { resource: controllers, namespace, name }
}

function versionOf(version: PodKeeper): number {
  return Number(version.metadata.annotations?.[versionAnnotation] ?? 0)
}

function phaseOf(version: PodKeeper): string {
  return version.metadata.annotations?.[phaseAnnotation] ?? 'New'
}

function isOver(version: PodKeeper): boolean {
  return ['Complete', 'Failed'].includes(phaseOf(version))
}
