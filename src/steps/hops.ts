import { sleep } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { clusterKinds } from '../model/cluster-kinds.ts'
import { isAtLeast, type Release, releases } from '../model/release.ts'
import { catalogSource, type Hop, versionAnnotations } from '../threescale/hops.ts'
import { deployJobsOf, workloadsOf } from '../threescale/workloads.ts'
import { releaseFacts } from '../threescale/releases.ts'
import { deadlineMs } from './deadlines.ts'
import { fault } from './faults.ts'
import { apiManagerOf, type ThreescalePlace } from './places.ts'
import { readSecret } from './secrets.ts'
import { bundledDatabases, operatorRef } from './workloads.ts'

/*
 * One upgrade of 3scale by its operator: what has to be done by hand first, then OLM, then the operator's own work, which
 * is done when everything says so. Every part may be repeated.
 */

const packageName = '3scale-operator'

type Subscription = Awaited<ReturnType<typeof subscriptionOf>>

/** The Subscription of 3scale's operator; it is found by its package, for its name is anybody's. Faults: STEP_NO_SUBSCRIPTION. */
export async function subscriptionOf(at: ThreescalePlace) {
  const found = await findSubscription(at)
  if (found === null) throw fault('STEP_NO_SUBSCRIPTION', { place: at.place, namespace: at.operatorNamespace })
  return found
}

/** The same; null also while it is being replaced. */
export async function findSubscription({ cluster, operatorNamespace, signal }: ThreescalePlace) {
  for await (const page of cluster.list(clusterKinds.subscriptions, { namespace: operatorNamespace }, { signal })) {
    const found = page.find(({ spec }) => spec.name === packageName)
    if (found !== undefined) return found
  }
  return null
}

/** The 3scale release that the operator says it has made, such as `2.13`. Faults: STEP_NO_THREESCALE. */
export async function reportedRelease(at: ThreescalePlace): Promise<Release> {
  const { metadata } = await apiManagerOf(at)
  const said = (metadata.annotations[versionAnnotations.threescale] ?? '').split('.').slice(0, 2).join('.')
  const release = releases.find((known) => known === said)
  if (release === undefined) throw fault('STEP_UNKNOWN_RELEASE', { place: at.place, found: said || 'none' })
  return release
}

/** Whether the operator of a hop is installed and says that it has made its release. Whether all pods run is not asked. */
export async function isMade(at: ThreescalePlace, hop: Hop): Promise<boolean> {
  const { cluster, operatorNamespace: namespace, signal } = at
  const subscription = await findSubscription(at)
  if (subscription === null) return false
  const { spec, status } = subscription
  const { currentCSV: name } = status
  if (spec.channel !== hop.channel || name === '' || name !== status.installedCSV) return false
  if ((await reportedRelease(at)) !== releaseOf(hop.to)) return false
  const version = await cluster.get(clusterKinds.clusterServiceVersions, { namespace, name }, { signal })
  return version?.status.phase === 'Succeeded' && isBuildOf(hop, version.spec.version)
}

/** Prepares a hop, moves the operator on, and waits until all of the new release is there. */
export async function makeHop(at: ThreescalePlace, hop: Hop, clock: Clock): Promise<void> {
  await prepare(at, hop)
  await moveOperator(at, hop, clock)
  await finished(at, hop)
}

async function prepare(at: ThreescalePlace, hop: Hop): Promise<void> {
  const { cluster, namespace, signal } = at
  for (const action of hop.byHand) {
    if (action.kind === 'remove-secret-keys') {
      const present = Object.keys((await readSecret(at, action.secret)) ?? {})
      const going = action.keys.filter((key) => present.includes(key))
      if (going.length === 0) continue
      const data = Object.fromEntries(going.map((key) => [key, null]))
      await cluster.patch(
        clusterKinds.secrets,
        { namespace, name: action.secret },
        { kind: 'merge', body: { data } },
        { signal },
      )
    } else if (action.kind === 'set-apimanager') {
      const body = action.path
        .split('.')
        .reduceRight<Record<string, unknown> | boolean>((inner, field) => ({ [field]: inner }), action.value)
      const { metadata } = await apiManagerOf(at)
      // The path is that of an object's field, so what was made of it is an object.
      const patch = { kind: 'merge', body: body as Record<string, boolean> } as const
      await cluster.patch(clusterKinds.apiManagers, { namespace, name: metadata.name }, patch, { signal })
    }
  }
}

/** Moves the Subscription to the hop's channel, or makes a new one where no upgrade leads, and approves what OLM plans. */
async function moveOperator(at: ThreescalePlace, hop: Hop, clock: Clock): Promise<void> {
  const { cluster, operatorNamespace: namespace, signal } = at
  const subscription = replacesSubscription(hop) ? await findSubscription(at) : await subscriptionOf(at)
  if (subscription?.spec.channel !== hop.channel) {
    if (subscription === null || replacesSubscription(hop)) await replaceSubscription(at, hop, subscription)
    else {
      const body = { spec: { channel: hop.channel, installPlanApproval: 'Manual' } }
      await cluster.patch(
        clusterKinds.subscriptions,
        { namespace, name: subscription.metadata.name },
        { kind: 'merge', body },
        { signal },
      )
    }
  }
  await installed(at, hop.channel, clock, (version) => isBuildOf(hop, version))
}

/** Whether a version of the operator such as `0.11.8-mas` is one of the hop's `0.11-mas`. */
function isBuildOf({ operator }: Hop, version: string): boolean {
  const [numbers = '', build] = operator.split('-')
  return version.startsWith(`${numbers}.`) && version.endsWith('-mas') === (build === 'mas')
}

/** Whether no upgrade leads to a hop's operator. */
export function replacesSubscription({ byHand }: Hop): boolean {
  return byHand.some(({ kind }) => kind === 'replace-subscription')
}

/** `subscription`: null when an earlier try has removed it already. */
async function replaceSubscription(at: ThreescalePlace, hop: Hop, subscription: Subscription | null): Promise<void> {
  const { cluster, operatorNamespace: namespace, signal } = at
  const name = subscription?.metadata.name ?? packageName
  const options = { signal, deadlineMs: deadlineMs.removal }
  await cluster.remove(clusterKinds.subscriptions, { namespace, name }, options)
  // What follows the package's name differs from build to build.
  for await (const page of cluster.list(clusterKinds.clusterServiceVersions, { namespace }, { signal })) {
    const older = page.filter(
      ({ metadata, spec }) => metadata.name.startsWith(`${packageName}.`) && !isBuildOf(hop, spec.version),
    )
    for (const { metadata } of older)
      await cluster.remove(clusterKinds.clusterServiceVersions, { namespace, name: metadata.name }, options)
  }
  await subscribe(at, hop.channel, name)
}

/** Makes the Subscription, with every install plan waiting for our approval. */
export async function subscribe(at: ThreescalePlace, channel: string, name = packageName): Promise<void> {
  const fields = {
    spec: {
      name: packageName,
      channel,
      source: catalogSource.name,
      sourceNamespace: catalogSource.namespace,
      installPlanApproval: 'Manual',
    },
  }
  const metadata = { namespace: at.operatorNamespace, name }
  await at.cluster.apply(clusterKinds.subscriptions, { metadata, fields }, { signal: at.signal, force: true })
}

/**
 * Approves the install plans of this Subscription as they come, until the head of the channel runs. `isWanted`: of the operator's
 * version; right after a change of channel the Subscription still tells of the version before.
 */
export async function installed(
  at: ThreescalePlace,
  channel: string,
  clock: Clock,
  isWanted: (version: string) => boolean = () => true,
): Promise<void> {
  const { cluster, operatorNamespace: namespace, signal } = at
  const deadline = clock.elapsedMs() + deadlineMs.operatorInstall
  for (;;) {
    const { spec, status } = await subscriptionOf(at)
    const csv = status.currentCSV
    if (spec.channel === channel && csv !== '' && csv === status.installedCSV && status.state === 'AtLatestKnown') {
      const version = await cluster.get(clusterKinds.clusterServiceVersions, { namespace, name: csv }, { signal })
      if (version?.status.phase === 'Succeeded' && isWanted(version.spec.version)) return
      if (version?.status.phase === 'Failed')
        throw fault('STEP_OPERATOR_FAILED', { csv, why: version.status.reason || 'no reason' })
    }
    const plan = status.installPlanRef?.name
    if (plan !== undefined) await approve(at, plan)
    if (clock.elapsedMs() >= deadline) {
      const failing = status.conditions.filter(({ status }) => status === 'True').map(({ type }) => type)
      throw fault('STEP_OPERATOR_STUCK', { channel, state: [status.state || 'no state', ...failing].join(', ') })
    }
    await sleep(pollMs, signal)
  }
}

const pollMs = 500

async function approve(
  { cluster, operatorNamespace: namespace, signal }: ThreescalePlace,
  name: string,
): Promise<void> {
  const plan = await cluster.get(clusterKinds.installPlans, { namespace, name }, { signal })
  if (plan === null || plan.spec.approved) return
  await cluster.patch(
    clusterKinds.installPlans,
    { namespace, name },
    { kind: 'merge', body: { spec: { approved: true } } },
    { signal },
  )
}

/** The release that a build of the operator makes: `2.13` of `2.13-mas`. */
export function releaseOf(build: string): Release {
  // Builds are releases, some with a suffix.
  return build.replace('-mas', '') as Release
}

/** Waits until operator, APIManager, workloads and hooks all are of the hop's release. */
async function finished(at: ThreescalePlace, hop: Hop): Promise<void> {
  const { cluster, namespace, signal } = at
  const release = releaseOf(hop.to)
  await cluster.until(
    clusterKinds.deployments,
    operatorRef(at),
    (found) =>
      found.some(
        ({ metadata, status }) =>
          status.observedGeneration === (metadata.generation ?? 0) &&
          status.availableReplicas > 0 &&
          status.updatedReplicas === status.replicas,
      ),
    { signal, deadlineMs: deadlineMs.podsReady, what: "3scale's new operator to be ready" },
  )
  const manager = await apiManagerOf(at)
  await cluster.until(
    clusterKinds.apiManagers,
    { namespace, name: manager.metadata.name },
    (found) =>
      found.some(
        ({ metadata, status }) =>
          (metadata.annotations[versionAnnotations.threescale] ?? '').startsWith(release) &&
          status.deployments.starting.length === 0 &&
          status.deployments.stopped.length === 0 &&
          status.deployments.ready.length > 0 &&
          !status.conditions.some(({ type, status }) => type === 'Preflights' && status === 'False'),
      ),
    {
      signal,
      deadlineMs: deadlineMs.hop,
      what: `3scale ${release} in ${namespace}`,
      describe: (found) =>
        found
          .map(
            ({ metadata, status }) =>
              `${metadata.annotations[versionAnnotations.threescale] ?? 'no version'}, starting ${status.deployments.starting.join(' ') || 'none'}, stopped ${status.deployments.stopped.join(' ') || 'none'}`,
          )
          .join(),
    },
  )
  await workloadsOfRelease(at, release)
  await hooksRan(at, release)
}

/** All that must be there of a release in its own kind, and nothing of another one. */
async function workloadsOfRelease({ cluster, namespace, signal }: ThreescalePlace, release: Release): Promise<void> {
  const kind =
    releaseFacts[release].workloadKind === 'Deployment' ? clusterKinds.deployments : clusterKinds.deploymentConfigs
  const expected = workloadsOf(release)
    .filter(({ presence }) => presence.kind === 'always')
    .map(({ name }) => name)
  await cluster.until(
    kind,
    { namespace },
    (found) =>
      expected.every((name) =>
        found.some(({ metadata, spec, status }) => metadata.name === name && status.readyReplicas >= spec.replicas),
      ),
    { signal, deadlineMs: deadlineMs.podsReady, what: `the workloads of 3scale ${release} in ${namespace}` },
  )
  if (!(await cluster.serves(clusterKinds.deploymentConfigs, { signal }))) return
  // Databases that the operator bundled before they were plugged in from outside are nobody's any more, and stay.
  const known = new Set<string>(
    workloadsOf(release).flatMap(({ name }) => (bundledDatabases.includes(name) ? [] : [name])),
  )
  await cluster.until(
    clusterKinds.deploymentConfigs,
    { namespace },
    (found) =>
      !found.some(({ metadata }) =>
        kind === clusterKinds.deployments
          ? known.has(metadata.name)
          : metadata.name === 'system-sphinx' && isAtLeast(release, '2.14'),
      ),
    {
      signal,
      deadlineMs: deadlineMs.podsReady,
      what: `workloads of the release before ${release} to be gone from ${namespace}`,
    },
  )
}

async function hooksRan({ cluster, namespace, signal }: ThreescalePlace, release: Release): Promise<void> {
  const hooks = deployJobsOf(release)
  if (hooks === null) return
  for (const name of [hooks.before, hooks.after]) {
    await cluster.until(
      clusterKinds.jobs,
      { namespace, name },
      (found) => found.some(({ status }) => status.succeeded > 0),
      {
        signal,
        deadlineMs: deadlineMs.hop,
        what: `job ${name} in ${namespace}`,
      },
    )
  }
}
