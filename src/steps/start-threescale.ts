import type { Clock } from '../base/clock.ts'
import { clusterKinds } from '../model/cluster-kinds.ts'
import type { Release } from '../model/release.ts'
import type { StepContext } from '../ports/step.ts'
import { deployJobsOf } from '../threescale/workloads.ts'
import { masterApi } from './apis.ts'
import { declaresHistory } from './declaration.ts'
import { deadlineMs } from './deadlines.ts'
import { measureNone } from './measure.ts'
import { apiManagerOf, domainOf, type ThreescalePlace } from './places.ts'
import { rake } from './pods.ts'
import type { Tools } from './tools.ts'
import { operatorPods, operatorRef, readWorkloads, scaleDeployment, scaleUp } from './workloads.ts'

/** Hooks that ran for other data have to run for the data that is there now; where they belong to a rollout, another one begins. */
export async function forgetHooks(at: ThreescalePlace, release: Release, clock: Clock): Promise<void> {
  const { cluster, namespace, signal } = at
  const hooks = deployJobsOf(release)
  for (const name of hooks === null ? [] : [hooks.before, hooks.after]) {
    await cluster.remove(clusterKinds.jobs, { namespace, name }, { signal, deadlineMs: deadlineMs.removal })
  }
  if (hooks !== null) return
  const body = { spec: { template: { metadata: { annotations: { 'threeshift.io/hooks': String(clock.now()) } } } } }
  await cluster.patch(
    clusterKinds.deploymentConfigs,
    { namespace, name: 'system-app' },
    { kind: 'merge', body },
    { signal },
  )
}

/**
 * Starts the operator and every workload that was stopped, waits until the operator says that all of them are ready, those that
 * it makes only now included, and has the routes made of what the database says.
 */
export async function startThreescale(at: ThreescalePlace): Promise<readonly string[]> {
  await scaleDeployment(at, operatorRef(at), 1)
  const started = await scaleUp(at)
  await deploymentsReady(at)
  await rake(at, 'zync:resync:domains')
  return started
}

async function deploymentsReady(at: ThreescalePlace): Promise<void> {
  const { cluster, namespace, signal } = at
  const { metadata } = await apiManagerOf(at)
  // Zero that somebody wanted stays zero.
  const unwanted = new Set((await readWorkloads(at)).filter(({ wanted }) => wanted === 0).map(({ name }) => name))
  await cluster.until(
    clusterKinds.apiManagers,
    { namespace, name: metadata.name },
    (found) =>
      found.some(
        ({ status: { deployments } }) =>
          deployments.ready.length > 0 &&
          deployments.starting.length === 0 &&
          deployments.stopped.every((name) => unwanted.has(name)),
      ),
    {
      signal,
      deadlineMs: deadlineMs.hop,
      what: `3scale in ${namespace} to be ready`,
      describe: (found) =>
        found
          .map(
            ({ status: { deployments } }) =>
              `starting ${deployments.starting.join(' ')}, stopped ${deployments.stopped.join(' ')}`,
          )
          .join(),
    },
  )
}

/** Why it does not run as it should, or null. */
export async function whyNotRunning(at: ThreescalePlace): Promise<string | null> {
  if ((await operatorPods(at)) === 0) return 'its operator is stopped'
  const all = await readWorkloads(at)
  if (all.length === 0) return 'nothing of it is there'
  const stopped = all.filter(({ saved, wanted, ready }) => saved !== null || ready < wanted)
  return stopped.length === 0 ? null : `${stopped.map(({ name }) => name).join(', ')} are not ready`
}

/** Waits until every host is the host of an admitted route; gives the hosts of all routes. */
export async function routesAdmitted(at: ThreescalePlace, hosts: readonly string[]): Promise<readonly string[]> {
  const { cluster, namespace, signal } = at
  const found = await cluster.until(clusterKinds.routes, { namespace }, (all) => missing(all, hosts).length === 0, {
    signal,
    deadlineMs: deadlineMs.routes,
    what: `routes for ${hosts.length} hosts in ${namespace}`,
    describe: (all) => `${missing(all, hosts).length} without an admitted route`,
  })
  return found.map(({ spec }) => spec.host)
}

type Routes = readonly {
  spec: { host: string }
  status: { ingress: readonly { conditions: readonly { type: string; status: string }[] }[] }
}[]

function missing(all: Routes, hosts: readonly string[]): readonly string[] {
  const admitted = new Set(
    all
      .filter(({ status }) =>
        status.ingress.some(({ conditions }) =>
          conditions.some(({ type, status }) => type === 'Admitted' && status === 'True'),
        ),
      )
      .map(({ spec }) => spec.host),
  )
  return hosts.filter((host) => !admitted.has(host))
}

/** Every tenant's hosts, as the database at that place has them. */
export async function tenantHosts(tools: Tools, context: StepContext, database: string): Promise<readonly string[]> {
  const tenants = await tools.threescaleDatabase.tenants(await tools.database(database), { signal: context.signal })
  return tenants.flatMap(({ adminHost, portalHost }) => [adminHost, portalHost])
}

/** That 3scale runs, the master's API knows every tenant of the database, and every host has its route. */
export async function confirmRunning(tools: Tools, context: StepContext, at: ThreescalePlace, database: string) {
  const { signal } = context
  const why = await whyNotRunning(at)
  const stored = await tools.threescaleDatabase.tenants(await tools.database(database), { signal })
  const known = new Set<string>((await (await masterApi(tools, at)).tenants({ signal })).map(({ id }) => id))
  const hosts = stored.flatMap(({ adminHost, portalHost }) => [adminHost, portalHost])
  const admitted = new Set(await routesAdmitted(at, hosts))
  return {
    says: `${stored.length} tenants below ${domainOf(context.migration, at.place)}, ${admitted.size} routes`,
    measured: [
      measureNone('what does not run', why === null ? [] : [why]),
      measureNone(
        'tenants that the master API does not know',
        stored.filter(({ id }) => !known.has(id)).map(({ id }) => id),
      ),
      measureNone(
        'hosts without an admitted route',
        hosts.filter((host) => !admitted.has(host)),
      ),
    ],
    facts: declaresHistory(context),
  }
}
