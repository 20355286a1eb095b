import type { Release } from '../../../model/release.ts'
import { releaseFacts } from '../../../threescale/releases.ts'
import { replicaPolicyOf, type Workload } from '../../../threescale/workloads.ts'
import { hasCondition } from '../engine/conditions.ts'
import type { Context } from '../engine/controller.ts'
import { controllerReference, templateHash } from '../workloads/keep-pods.ts'
import type { Deployment, DeploymentConfig, Job, PodTemplate } from '../workloads/shapes.ts'
import { namedReplicas } from './installation.ts'
import type { RunningOperator } from './running-operator.ts'
import { type ApiManager, configResource, deploymentResource, jobResource } from './shapes.ts'
import { deployCommand, postDeployCommand, reindexCommand, seedEnv, templateOf } from './templates.ts'

const revisionAnnotation = 'apimanager.apps.3scale.net/system-app-deployment-revision'
const forTemplate = 'simulator.threeshift/for-template'

interface Wanted {
  readonly apiManager: ApiManager
  readonly operator: RunningOperator
  readonly workload: Workload
  readonly template: PodTemplate
}

/**
 * Brings every workload to what the operator's release wants of it. True: there is nothing left to be done, though pods
 * may still be on their way.
 *
 * From 2.15 on a DeploymentConfig is handed over: a Deployment beside it takes its replicas and what was added to its
 * template, and it goes once that is available (at once, where it holds data); and system-app waits for the job before it.
 */
export function reconcileWorkloads(
  apiManager: ApiManager,
  operator: RunningOperator,
  workloads: readonly Workload[],
  context: Context,
): boolean {
  const { release, version } = operator
  let settled = true
  for (const workload of workloads) {
    const template = templateOf({ apiManager, release, operatorVersion: version, workload, view: context.view })
    const wanted = { apiManager, operator, workload, template }
    if (releaseFacts[release].workloadKind === 'DeploymentConfig') applyConfig(wanted, context)
    else settled = applyDeployment(wanted, context) && settled
  }
  return settled
}

function applyConfig(wanted: Wanted, context: Context): void {
  const { apiManager, workload, template } = wanted
  const { namespace = '' } = apiManager.metadata
  const [container] = workload.containers
  const hook = (command: readonly string[], env = seedEnv) => ({
    failurePolicy: 'Retry' as const,
    execNewPod: { containerName: container ?? '', command, env },
  })
  const strategy =
    workload.name === 'system-app'
      ? { type: 'Rolling' as const, rollingParams: { pre: hook(deployCommand), post: hook(postDeployCommand, []) } }
      : { type: workload.holds === 'nothing' ? ('Rolling' as const) : ('Recreate' as const) }
  const object = {
    apiVersion: 'apps.openshift.io/v1',
    kind: 'DeploymentConfig',
    metadata: metadataOf(wanted),
    spec: {
      replicas: namedReplicas(apiManager, workload) ?? 1,
      selector: { deploymentConfig: workload.name },
      strategy,
      triggers: [{ type: 'ConfigChange' }],
      template,
    },
  }
  if (context.view.ensure(object)) return
  const ref = { resource: configResource, namespace, name: workload.name }
  const there = context.view.get<DeploymentConfig>(configResource, namespace, workload.name)
  if (there === undefined) return
  const merged = withAdditions(template, there.spec.template)
  const isSame = templateHash(there.spec.template) === templateHash(merged)
  const replicas = replicasToSet(apiManager, workload, wanted.operator.release, there.spec.replicas)
  if (isSame && replicas === null) return
  context.view.change<DeploymentConfig>(ref, (draft) => {
    Object.assign(draft.spec, structuredClone({ template: merged, strategy }))
    if (replicas !== null) draft.spec.replicas = replicas
  })
}

/** True: the Deployment is as it should be, and no DeploymentConfig of its name is left. */
function applyDeployment(wanted: Wanted, context: Context): boolean {
  const { apiManager, workload, operator } = wanted
  const { namespace = '' } = apiManager.metadata
  const { view } = context
  const config = view.get<DeploymentConfig>(configResource, namespace, workload.name)
  const there = view.get<Deployment>(deploymentResource, namespace, workload.name)
  const template = config === undefined ? wanted.template : withAdditions(wanted.template, config.spec.template)
  if (workload.name === 'system-app' && !isDoneBefore(wanted, there, context)) return false
  view.ensure({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(wanted),
    spec: {
      replicas: config?.spec.replicas ?? namedReplicas(apiManager, workload) ?? 1,
      selector: { matchLabels: { deployment: workload.name } },
      strategy: { type: workload.holds === 'nothing' ? 'RollingUpdate' : 'Recreate' },
      template,
    },
  })
  if (there === undefined) return false
  const replicas = replicasToSet(apiManager, workload, operator.release, there.spec.replicas)
  const merged = withAdditions(wanted.template, there.spec.template)
  if (templateHash(there.spec.template) !== templateHash(merged) || replicas !== null) {
    view.change<Deployment>({ resource: deploymentResource, namespace, name: workload.name }, (draft) => {
      draft.spec.template = structuredClone(merged) as typeof draft.spec.template
      if (replicas !== null) draft.spec.replicas = replicas
    })
    return false
  }
  if (config !== undefined) {
    const holdsData = workload.holds === 'data' || workload.name === 'zync-database'
    if (!holdsData && !isRolledOut(there)) return false
    view.remove({ resource: configResource, namespace, name: workload.name })
    return false
  }
  return workload.name === 'system-app'
    ? isDoneAfter(wanted, there, context)
    : workload.name === 'system-searchd'
      ? isIndexed(wanted, there, context)
      : true
}

/** Labels, annotations and variables that somebody added stay; what the operator sets wins. */
function withAdditions(template: PodTemplate, before: PodTemplate): PodTemplate {
  const { deploymentConfig: _, ...labels } = { ...before.metadata?.labels }
  const annotations = { ...before.metadata?.annotations, ...template.metadata?.annotations }
  return {
    metadata: {
      labels: { ...labels, ...template.metadata?.labels },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      ...template.spec,
      containers: template.spec.containers.map((container) => {
        const old = before.spec.containers.find(({ name }) => name === container.name)
        const own = new Set(container.env?.map(({ name }) => name))
        const added = (old?.env ?? []).filter(({ name }) => !own.has(name) && !retired.has(name))
        return { ...container, env: [...(container.env ?? []), ...added] }
      }),
    },
  }
}

const retired = new Set(['MESSAGE_BUS_REDIS_URL', 'AMP_RELEASE'])

/** The count to set, or null to leave what is there. */
function replicasToSet(
  apiManager: ApiManager,
  workload: Workload,
  release: Release,
  there: number | undefined,
): number | null {
  if (workload.replicasAt === null) return null
  const named = namedReplicas(apiManager, workload)
  const wanted = replicaPolicyOf(release) === 'always-reset' ? (named ?? 1) : named
  return wanted === undefined || wanted === (there ?? 1) ? null : wanted
}

/** `system-app-pre`, which migrates: once for each template of system-app, and again when somebody deletes it. */
function isDoneBefore(wanted: Wanted, there: Deployment | undefined, context: Context): boolean {
  const revision = Number(there?.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0)
  const isNew = there === undefined || imageOf(there.spec.template) !== imageOf(wanted.template)
  return isJobDone(wanted, 'system-app-pre', deployCommand, isNew ? revision + 1 : Math.max(1, revision), context)
}

/** `system-app-post`, when its pods are out. */
function isDoneAfter(wanted: Wanted, there: Deployment, context: Context): boolean {
  if (!isRolledOut(there)) return false
  const revision = Number(there.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 1)
  return isJobDone(wanted, 'system-app-post', postDeployCommand, revision, context)
}

function isIndexed(wanted: Wanted, there: Deployment, context: Context): boolean {
  if (!isRolledOut(there) || (there.status?.readyReplicas ?? 0) === 0) return true
  isJobDone(wanted, 'system-searchd-manticore-reindex', reindexCommand, 1, context)
  return true
}

function isJobDone(
  { apiManager, template }: Wanted,
  name: string,
  command: readonly string[],
  revision: number,
  context: Context,
): boolean {
  const { namespace = '' } = apiManager.metadata
  const { view } = context
  const image = imageOf(template)
  const job = view.get<Job>(jobResource, namespace, name)
  if (job !== undefined && job.metadata.annotations?.[forTemplate] !== image) {
    view.remove({ resource: jobResource, namespace, name })
    return false
  }
  if (job !== undefined) return hasCondition(job, 'Complete')
  const [container] = template.spec.containers
  if (container === undefined) throw new Error('bug: a workload without containers')
  const env = name === 'system-app-pre' ? [...(container.env ?? []), ...seedEnv] : (container.env ?? [])
  view.ensure({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      namespace,
      name,
      annotations: { [revisionAnnotation]: String(revision), [forTemplate]: image },
      ownerReferences: [controllerReference(apiManager)],
    },
    spec: {
      completions: 1,
      template: {
        metadata: { labels: { app: template.metadata?.labels?.['app'] ?? '' } },
        spec: { restartPolicy: 'Never', containers: [{ ...container, name, command, env }] },
      },
    },
  })
  return false
}

function imageOf(template: PodTemplate): string {
  return template.spec.containers[0]?.image ?? ''
}

/** True when every pod that is wanted is of the newest template and ready; none wanted is enough. */
export function isRolledOut(workload: Deployment | DeploymentConfig): boolean {
  const { spec, status, metadata } = workload
  const wanted = spec.replicas ?? 1
  const rolled = status?.conditions?.some(
    ({ type, status, reason }) => type === 'Progressing' && status === 'True' && reason?.startsWith('New') === true,
  )
  return (
    rolled === true &&
    status?.observedGeneration === metadata.generation &&
    (status?.readyReplicas ?? 0) >= wanted &&
    status?.updatedReplicas === wanted
  )
}

function metadataOf({ apiManager, workload, template }: Wanted) {
  return {
    namespace: apiManager.metadata.namespace ?? '',
    name: workload.name,
    labels: { ...template.metadata?.labels },
    ownerReferences: [controllerReference(apiManager)],
  }
}
