import { randomBytes } from 'node:crypto'
import type { Fault } from '../../base/fault.ts'
import { Secret } from '../../base/secret.ts'
import { clusterKinds } from '../../model/cluster-kinds.ts'
import type { ClusterObject } from '../../model/cluster-object.ts'
import type { Cluster, ClusterValue, ContainerRef, JobReport, ThrowawayPod, Waiting } from '../../ports/cluster.ts'
import { fault } from './faults.ts'

/** What a Job needs of its cluster. */
type JobHost = Pick<Cluster, 'create' | 'until' | 'remove' | 'logs'>

type Pod = (typeof clusterKinds.pods)['schema']['_output']
type Job = (typeof clusterKinds.jobs)['schema']['_output']

const { jobs, pods, secrets } = clusterKinds
const container = 'main'
const jobLabel = 'threeshift/job'
const longestStartMs = 300_000
const removalMs = 120_000
/** The cluster needs some time itself to end what is over its deadline. */
const graceMs = 60_000
const keptLogBytes = 65_536

export async function runJob(
  host: JobHost,
  pod: ThrowawayPod,
  options: Waiting & { readonly acceptedExitCodes?: readonly number[] },
): Promise<JobReport> {
  const { acceptedExitCodes = [0], signal } = options
  return await withJob(host, pod, signal, async (name) => {
    const { namespace } = pod
    const [job] = await host.until(jobs, { namespace, name }, isOver, {
      signal,
      deadlineMs: pod.activeDeadlineSeconds * 1000 + graceMs,
      what: `the job ${namespace}/${name} to end`,
    })
    const [ran] = await host.until(
      pods,
      podsOf(namespace, name),
      (found) => job !== undefined && hasEnded(job, found),
      {
        signal,
        deadlineMs: graceMs,
        what: `the pod of the job ${namespace}/${name} to end`,
        describe: describePods,
      },
    )
    const ended = ran === undefined ? undefined : endOf(ran)
    if (ran === undefined || ended === undefined) throw jobFault(namespace, name, reasonOf(job))
    if (!acceptedExitCodes.includes(ended.exitCode)) {
      throw jobFault(namespace, name, `${ended.reason} with exit code ${ended.exitCode}`.trim())
    }
    const log = await endOfLog(host, { namespace, pod: ran.metadata.name, container }, signal)
    return { exitCode: ended.exitCode, log: new Secret(log) }
  })
}

export async function withPod<Result>(
  host: JobHost,
  pod: ThrowawayPod,
  work: (container: ContainerRef) => Promise<Result>,
  { signal }: Waiting,
): Promise<Result> {
  return await withJob(host, pod, signal, async (name) => {
    const { namespace } = pod
    const [found] = await host.until(pods, podsOf(namespace, name), ([one]) => one !== undefined && isUpOrOver(one), {
      signal,
      deadlineMs: Math.min(pod.activeDeadlineSeconds * 1000, longestStartMs),
      what: `the pod of the job ${namespace}/${name} to run`,
      describe: describePods,
    })
    if (found === undefined || !isUp(found)) throw jobFault(namespace, name, 'its pod ended before it was used')
    return await work({ namespace, pod: found.metadata.name, container })
  })
}

/**
 * A Job for as long as `work` lasts. It is removed also after an abort; if we end before that, the cluster ends the pod
 * at its deadline, removes the Job some minutes later, and with it the Secret that it owns.
 */
async function withJob<Result>(
  host: JobHost,
  pod: ThrowawayPod,
  signal: AbortSignal,
  work: (name: string) => Promise<Result>,
): Promise<Result> {
  const { namespace } = pod
  const name = `threeshift-${pod.purpose}-${randomBytes(4).toString('hex')}`
  let outcome: { readonly result: Result } | { readonly error: unknown }
  try {
    const job = await host.create(
      jobs,
      { metadata: { name, namespace }, fields: { spec: jobSpec(pod, name) } },
      { signal },
    )
    await giveSecrets(host, pod, job, signal)
    outcome = { result: await work(name) }
  } catch (error) {
    outcome = { error }
  }
  const removals = await Promise.allSettled([removeAll(host, namespace, name, pod.secretEnv !== undefined)])
  const failures = removals.flatMap((removal) => (removal.status === 'rejected' ? [removal.reason as unknown] : []))
  if ('error' in outcome) {
    if (failures.length === 0) throw outcome.error
    throw new AggregateError(
      [outcome.error, ...failures],
      `the job ${namespace}/${name} failed, and so did its removal`,
    )
  }
  if (failures.length > 0) throw failures[0]
  return outcome.result
}

/** Not with the caller's signal: what was begun is taken away after an abort, too. */
async function removeAll(host: JobHost, namespace: string, name: string, hasSecret: boolean): Promise<void> {
  const options = { signal: AbortSignal.timeout(2 * removalMs), deadlineMs: removalMs }
  if (hasSecret) await host.remove(secrets, { namespace, name }, options)
  await host.remove(jobs, { namespace, name }, options)
}

/** The pod waits for its Secret, which is made after the Job so that it can belong to it. */
async function giveSecrets(host: JobHost, pod: ThrowawayPod, job: ClusterObject, signal: AbortSignal): Promise<void> {
  if (pod.secretEnv === undefined) return
  const { name, uid } = job.metadata
  const data = Object.entries(pod.secretEnv).map(([key, secret]) => {
    const bytes = Buffer.from(secret.reveal('to give it to a pod'))
    return [key, new Secret(bytes.toString('base64'))] as const
  })
  const ownerReferences = [{ apiVersion: jobs.apiVersion, kind: jobs.kind, name, uid }]
  const metadata = { name, namespace: pod.namespace, ownerReferences }
  await host.create(secrets, { metadata, fields: { type: 'Opaque', data: Object.fromEntries(data) } }, { signal })
}

function jobSpec(pod: ThrowawayPod, name: string): ClusterValue {
  const { image, argv, env = {}, secretEnv, resources = {}, activeDeadlineSeconds } = pod
  const fromSecret = secretEnv === undefined ? {} : { envFrom: [{ secretRef: { name } }] }
  return {
    backoffLimit: 0,
    activeDeadlineSeconds,
    ttlSecondsAfterFinished: 300,
    template: {
      metadata: { labels: { [jobLabel]: name } },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: container,
            image,
            command: argv,
            env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
            ...fromSecret,
            resources,
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    },
  }
}

function podsOf(namespace: string, name: string) {
  return { namespace, labels: `${jobLabel}=${name}` }
}

function isOver(found: readonly Job[]): boolean {
  const conditions = found[0]?.status.conditions ?? []
  return conditions.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')
}

/** A Job that ran over its deadline has no pod any more. */
function hasEnded(job: Job, found: readonly Pod[]): boolean {
  if (reasonOf(job) === 'DeadlineExceeded') return true
  return found[0] !== undefined && endOf(found[0]) !== undefined
}

function reasonOf(job: Job | undefined): string {
  const failed = job?.status.conditions.find(({ type, status }) => type === 'Failed' && status === 'True')
  return failed?.reason || 'without a pod'
}

function endOf(pod: Pod) {
  return pod.status.containerStatuses.find(({ name }) => name === container)?.state.terminated
}

function isUp(pod: Pod): boolean {
  return pod.status.containerStatuses.some(({ name, ready, state }) => name === container && ready && state.running)
}

function isUpOrOver(pod: Pod): boolean {
  return isUp(pod) || pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded'
}

/** Why a pod does not run, as far as it says: such as ImagePullBackOff, or Unschedulable. */
function describePods(found: readonly Pod[]): string {
  const [pod] = found
  if (pod === undefined) return 'there is no pod'
  const waiting = pod.status.containerStatuses.flatMap(({ state }) => state.waiting?.reason || [])
  const missing = pod.status.conditions.filter(({ status, reason }) => status === 'False' && reason !== '')
  const reasons = [...waiting, ...missing.map(({ reason }) => reason)]
  return [pod.status.phase, ...new Set(reasons)].join(', ')
}

async function endOfLog(host: JobHost, at: ContainerRef, signal: AbortSignal): Promise<string> {
  let kept = Buffer.alloc(0)
  for await (const piece of host.logs(at, { signal })) kept = Buffer.concat([kept, piece]).subarray(-keptLogBytes)
  return kept.toString()
}

function jobFault(namespace: string, name: string, reason: string): Fault {
  return fault('OPENSHIFT_JOB_FAILED', { job: `${namespace}/${name}`, reason })
}
