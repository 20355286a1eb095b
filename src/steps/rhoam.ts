import { z } from 'zod'
import { clusterKinds } from '../model/cluster-kinds.ts'
import { measure, measureNone } from './measure.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { masterApi, tenantApi } from './apis.ts'
import { deadlineMs } from './deadlines.ts'
import { declares, tenantsMade } from './declaration.ts'
import { factsOf } from './facts.ts'
import { placeOf, rhoamNamespaces, type ThreescalePlace } from './places.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import { secretValue } from './secrets.ts'
import { providerName } from './sso.ts'
import { rhoamAdminHost } from './traps.ts'
import { goneWithUsers } from '../threescale/own-history.ts'
import { scaleDeployment } from './workloads.ts'
import type { Tools } from './tools.ts'

/** RHOAM's own operator. Source: integreatly-operator `config/manager`. */
const operatorName = 'rhmi-operator'
const record = 'before-rhoam.json'

export const rhoamFacts = z.object({
  /** Of the RHMI before RHOAM was started: what is still of it is stale. */
  observedBefore: z.string(),
  tenants: z.array(
    z.object({ id: z.string(), fromEmail: z.string().nullable() /** Ids. */, users: z.array(z.string()) }),
  ),
})
type RhoamFacts = z.output<typeof rhoamFacts>

export function rhoamOperator({ migration }: StepContext) {
  return { namespace: rhoamNamespaces(migration).operator, name: operatorName }
}

/** How many pods of RHOAM's operator are ready. */
export async function rhoamPods({ cluster, signal }: ThreescalePlace, context: StepContext): Promise<number> {
  const found = await cluster.get(clusterKinds.deployments, rhoamOperator(context), { signal })
  return found?.status.readyReplicas ?? 0
}

/** The one RHMI. Null: RHOAM is not installed. */
export async function rhmiOf({ cluster, signal }: ThreescalePlace, { migration }: Pick<StepContext, 'migration'>) {
  for await (const page of cluster.list(
    clusterKinds.rhmis,
    { namespace: rhoamNamespaces(migration).operator },
    { signal },
  )) {
    const [first] = page
    if (first !== undefined) return first
  }
  return null
}

/** Step 20: what RHOAM may touch is recorded, then its operator starts. */
export function rhoamScaleUp(tools: Tools): Step {
  return {
    async check(context) {
      const ready = await rhoamPods(await placeOf(tools, context, 'destination'), context)
      const facts = await readRecord(tools, record, rhoamFacts)
      if (ready === 0 || facts === null) return { kind: 'needed', says: "RHOAM's operator does not run" }
      return { kind: 'done', says: "RHOAM's operator runs", facts: { ...facts } }
    },

    explain: async () => ({
      summary: "RHOAM's operator starts: it finishes its installation around the customer's 3scale.",
      diff: [{ what: `replicas of ${operatorName}`, before: '0', after: '1' }],
    }),

    async apply(context) {
      const at = await placeOf(tools, context, 'destination')
      // Once it has run, what it may have done to tenants must not be taken for how they were.
      const facts = (await readRecord(tools, record, rhoamFacts)) ?? (await recordTenants(tools, context, at))
      await scaleDeployment(at, rhoamOperator(context), 1)
      return { says: `RHOAM's operator runs; ${facts.tenants.length} tenants are on record`, facts: { ...facts } }
    },

    async confirm(context) {
      const at = await placeOf(tools, context, 'destination')
      return {
        says: 'its pods were counted',
        measured: [measure(`ready pods of ${operatorName}`, 1, await rhoamPods(at, context))],
        facts: {},
      }
    },

    async undo(context) {
      await scaleDeployment(await placeOf(tools, context, 'destination'), rhoamOperator(context), 0)
      await removeRecord(tools, record)
      return { says: "RHOAM's operator is stopped; what it has done meanwhile stays" }
    },
  }
}

async function recordTenants(tools: Tools, context: StepContext, at: ThreescalePlace): Promise<RhoamFacts> {
  const facts = {
    observedBefore: (await rhmiOf(at, context))?.metadata.resourceVersion ?? '',
    tenants: await tenantsNow(tools, context, at),
  }
  await writeRecord(tools, record, facts)
  return facts
}

async function tenantsNow(tools: Tools, { signal }: StepContext, at: ThreescalePlace): Promise<RhoamFacts['tenants']> {
  const master = await masterApi(tools, at)
  const tenants: RhoamFacts['tenants'] = []
  for (const { id, fromEmail } of await master.tenants({ signal })) {
    tenants.push({ id, fromEmail, users: (await master.users(id, { signal })).map((user) => user.id) })
  }
  return tenants
}

/** Step 21: RHOAM says itself that it is complete, freshly, and the tenants still have their users. */
export function rhoamComplete(tools: Tools): Step {
  return {
    async check(context) {
      const at = await placeOf(tools, context, 'destination')
      const why = await whyNotComplete(at, context)
      if (why !== null) return { kind: 'needed', says: why }
      return { kind: 'done', says: 'RHOAM is complete', facts: await declaresRhoam(tools, context, at) }
    },

    explain: async () => ({ summary: 'RHOAM is waited for. Nothing is changed by us.', diff: [] }),

    async apply(context) {
      const at = await placeOf(tools, context, 'destination')
      const before = factsOf(context, 'rhoam-scale-up', rhoamFacts)
      const namespace = rhoamNamespaces(context.migration).operator
      await at.cluster.until(
        clusterKinds.rhmis,
        { namespace },
        (found) => found.some((rhmi) => whyIncomplete(rhmi, before) === null),
        {
          signal: at.signal,
          deadlineMs: deadlineMs.rhoam,
          what: 'RHOAM to be complete',
          describe: (found) => found.map((rhmi) => whyIncomplete(rhmi, before) ?? 'complete').join(),
        },
      )
      return { says: 'RHOAM is complete', facts: {} }
    },

    async confirm(context) {
      const at = await placeOf(tools, context, 'destination')
      const before = factsOf(context, 'rhoam-scale-up', rhoamFacts)
      const now = new Map((await tenantsNow(tools, context, at)).map((tenant) => [tenant.id, tenant]))
      const why = await whyNotComplete(at, context)
      const accepted = context.migration.destination.accepted
      return {
        says: `${now.size} tenants compared with the record from before RHOAM started`,
        measured: [
          measureNone('what RHOAM still lacks', why === null ? [] : [why]),
          measureNone(
            'tenants that have lost users',
            before.tenants
              .filter(({ id, users }) => (now.get(id)?.users.length ?? 0) < users.length && !accepted.tenantNamed3scale)
              .map(({ id }) => id),
          ),
          measureNone(
            'tenants with another sender address',
            before.tenants
              .filter(({ id, fromEmail }) => now.get(id)?.fromEmail !== fromEmail && !accepted.senderAddresses)
              .map(({ id }) => id),
          ),
        ],
        facts: await declaresRhoam(tools, context, at),
      }
    },

    async undo(context) {
      await scaleDeployment(await placeOf(tools, context, 'destination'), rhoamOperator(context), 0)
      return { says: "RHOAM's operator is stopped" }
    },
  }
}

/**
 * What RHOAM does to the customer's database, as far as it was accepted: sender addresses, the users of the tenant that it
 * takes for its own, and single sign-on there. Source: integreatly-operator `pkg/products/threescale/reconciler.go`.
 */
async function declaresRhoam(tools: Tools, context: StepContext, at: ThreescalePlace) {
  const { migration, signal } = context
  const { accepted } = migration.destination
  const before = factsOf(context, 'rhoam-scale-up', rhoamFacts).tenants
  const now = new Map((await tenantsNow(tools, context, at)).map((tenant) => [tenant.id, tenant.users]))
  const lost = before.flatMap(({ id, users }) => users.filter((user) => now.get(id)?.includes(user) !== true))
  const token = await secretValue(at, 'system-seed', 'ADMIN_ACCESS_TOKEN')
  const providers = (
    await tenantApi(tools, at, rhoamAdminHost(migration), token).authenticationProviders({ signal })
  ).filter(({ systemName }) => systemName === providerName)
  // It takes 1 and 2 for the master and its own tenant, whatever they are.
  const others = new Set(['1', '2', ...tenantsMade(context)])
  const senders = before.map(({ id }) => id).filter((id) => !others.has(id))
  const sender = { kind: 'cells', says: 'RHOAM sets sender addresses', table: 'accounts', keys: senders } as const
  const users = { kind: 'rows', says: `RHOAM removed ${lost.length} users of its tenant`, values: lost } as const
  return declares(context, [
    {
      kind: 'rows',
      says: 'RHOAM has set up single sign-on for its own tenant',
      table: 'authentication_providers',
      column: 'id',
      values: providers.map(({ id }) => id),
      expect: 'added',
    },
    ...(accepted.senderAddresses ? ['from_email', 'updated_at'].map((column) => ({ ...sender, column })) : []),
    ...(lost.length === 0 || !accepted.tenantNamed3scale
      ? []
      : [
          { ...users, table: 'users', column: 'id', expect: 'removed' } as const,
          ...goneWithUsers.map((place) => ({ ...users, ...place, expect: 'either' }) as const),
          {
            kind: 'cells',
            says: 'configurations forget who promoted them when the user goes',
            table: 'proxy_configs',
            column: 'user_id',
            keys: null,
          } as const,
        ]),
  ])
}

type Rhmi = NonNullable<Awaited<ReturnType<typeof rhmiOf>>>

async function whyNotComplete(at: ThreescalePlace, context: StepContext): Promise<string | null> {
  const rhmi = await rhmiOf(at, context)
  if (rhmi === null) return 'there is no RHMI'
  if ((await rhoamPods(at, context)) === 0) return 'its operator does not run, so its status is stale'
  return whyIncomplete(rhmi, factsOf(context, 'rhoam-scale-up', rhoamFacts))
}

/** Source: integreatly-operator `api/v1alpha1/rhmi_types.go`; a product's phase stands under `status`. */
function whyIncomplete({ metadata, status }: Rhmi, before: RhoamFacts): string | null {
  if (metadata.resourceVersion === before.observedBefore) return 'its status is from before it was started'
  if (status.lastError !== '') return `it says: ${status.lastError.slice(0, 200)}`
  if (status.stage !== 'complete') return `its stage is ${status.stage || 'unknown'}`
  if (status.version === '' || status.toVersion !== '') return 'it is still on its way to a version'
  const products = Object.values(status.stages).flatMap((stage) => Object.entries(stage.products))
  const open = products.filter(([, product]) => product.status !== undefined && product.status !== 'completed')
  return open.length === 0 ? null : `${open.map(([name]) => name).join(', ')} are not completed`
}
