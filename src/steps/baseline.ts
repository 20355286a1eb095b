import { z } from 'zod'
import type { EpochMs } from '../base/clock.ts'
import type { Application, BackendListener, TenantApi } from '../ports/threescale-api.ts'
import type { StoredTenant } from '../ports/threescale-database.ts'
import { tenantApi } from './apis.ts'
import type { ThreescalePlace } from './places.ts'
import type { Tools } from './tools.ts'

/*
 * What 3scale answers, recorded at the source before it is stopped and asked again at the destination: the same calls, so
 * that any difference is one of the answers.
 */

const decimal = z.string().regex(/^\d+$/)

const tenantAnswersSchema = z.object({
  tenant: decimal,
  counts: z.record(z.string(), z.number().int()),
  services: z.array(
    z.object({
      id: decimal,
      /** Version of the promoted configuration, by environment; null: never promoted. */
      configurations: z.object({ sandbox: z.number().int().nullable(), production: z.number().int().nullable() }),
      /** Hits of each of the last months, newest first; null when the token may not read statistics. */
      hits: z.array(decimal).nullable(),
      /** Of a few applications: what the backend says of a call with their credentials. */
      decisions: z.array(z.object({ application: decimal, decision: z.string() })),
    }),
  ),
})
export type TenantAnswers = z.output<typeof tenantAnswersSchema>

/** `askedAt` (epoch milliseconds) decides which months are asked for. */
export const baselineSchema = z.object({
  askedAt: z
    .number()
    .int()
    // Branding is the one thing that a cast is for.
    .transform((at) => at as EpochMs),
  tenants: z.array(tenantAnswersSchema),
  /** Tenants that nobody could be asked about, by id, with the reason. */
  unasked: z.array(z.object({ tenant: decimal, why: z.string() })),
})
export type Baseline = z.output<typeof baselineSchema>

const months = 3
/** So many applications of each service are tried at the backend. */
const triedPerService = 3

interface Asking {
  readonly tools: Tools
  readonly at: ThreescalePlace
  readonly askedAt: EpochMs
  /** The name of the backend's host below the domain, such as `backend-3scale`. */
  readonly backendLabel: string
  readonly onTenant: (done: number, total: number) => void
}

/** Asks every tenant's API and the backend. Changes nothing, counts nothing. Faults: THREESCALE_*. */
export async function askAll(tenants: readonly StoredTenant[], asking: Asking): Promise<Baseline> {
  const answers: TenantAnswers[] = []
  const unasked: { tenant: string; why: string }[] = []
  for (const [index, tenant] of tenants.entries()) {
    if (tenant.token === null) unasked.push({ tenant: tenant.id, why: 'it has no access token that could be used' })
    else if (tenant.state !== 'approved') unasked.push({ tenant: tenant.id, why: `it is ${tenant.state}` })
    else
      answers.push(await askTenant(tenant, tenantApi(asking.tools, asking.at, tenant.adminHost, tenant.token), asking))
    asking.onTenant(index + 1, tenants.length)
  }
  return { askedAt: asking.askedAt, tenants: answers, unasked }
}

async function askTenant(tenant: StoredTenant, api: TenantApi, asking: Asking): Promise<TenantAnswers> {
  const { signal } = asking.at
  const { applications, users, ...counts } = await api.counts({ signal })
  const byService = await applicationsByService(api, signal)
  const mayReadStatistics = (await api.accessTokens({ signal }).catch(() => [])).some((token) =>
    token.scopes.includes('stats'),
  )
  const services: TenantAnswers['services'] = []
  for (const service of await api.services({ signal })) {
    const token = tenant.services.find(({ id }) => id === service.id)?.token ?? null
    const [sandbox, production] = await Promise.all(
      (['sandbox', 'production'] as const).map((env) => api.latestProxyConfig(service.id, env, { signal })),
    )
    const backend =
      token === null
        ? null
        : asking.tools.threescale.backend(
            asking.tools.portal(asking.at.place, `${asking.backendLabel}.${asking.at.domain}`),
            { serviceId: service.id, serviceToken: token },
          )
    services.push({
      id: service.id,
      configurations: { sandbox: sandbox?.version ?? null, production: production?.version ?? null },
      hits: mayReadStatistics ? await hitsOf(api, service.id, asking) : null,
      decisions: backend === null ? [] : await decisionsOf(backend, byService.get(service.id) ?? [], signal),
    })
  }
  const states = Object.fromEntries(
    Object.entries(applications).map(([state, count]) => [`applications ${state}`, count]),
  )
  // Where the plan has one user only, nobody is told how many there are.
  const userCount = users === null ? {} : { users }
  return { tenant: tenant.id, counts: { ...counts, ...userCount, ...states }, services }
}

async function applicationsByService(
  api: TenantApi,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Application[]>> {
  const found = new Map<string, Application[]>()
  for await (const page of api.applications({ signal })) {
    for (const application of page) {
      const kept = found.get(application.serviceId) ?? []
      if (kept.length < triedPerService) found.set(application.serviceId, [...kept, application])
    }
  }
  return found
}

async function hitsOf(
  api: TenantApi,
  id: Parameters<TenantApi['proxy']>[0],
  { askedAt, at }: Asking,
): Promise<string[]> {
  const end = new Date(askedAt)
  const since = Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - months + 1, 1) as EpochMs
  const usage = await api.usage(
    { of: { kind: 'service', id }, metric: 'hits', granularity: 'month', since, until: askedAt },
    { signal: at.signal },
  )
  return usage.values.map(String).toReversed()
}

async function decisionsOf(backend: BackendListener, applications: readonly Application[], signal: AbortSignal) {
  const decisions: { application: string; decision: string }[] = []
  for (const { id, userKey, appId } of applications) {
    if (userKey === null && appId === null) continue
    // Without its key an application is refused, on both sides for the same reason.
    const credentials =
      userKey === null
        ? ({ kind: 'app-id', appId: appId ?? '', appKey: null } as const)
        : ({ kind: 'user-key', userKey } as const)
    const answer = await backend.authorize({ application: credentials, usage: { hits: 1 } }, { signal })
    const decision = answer.kind === 'authorized' ? `authorized for ${answer.plan}` : `denied: ${answer.reason}`
    decisions.push({ application: id, decision })
  }
  return decisions
}

/** Where two sets of answers differ, a sentence each. The statistics of the running month may have grown. */
export function differencesBetween(before: Baseline, after: Baseline): readonly string[] {
  const answered = new Map(after.tenants.map((answers) => [answers.tenant, answers]))
  return before.tenants.flatMap((tenant) => {
    const now = answered.get(tenant.tenant)
    if (now === undefined) return [`tenant ${tenant.tenant} gives no answers`]
    return [...flat(tenant)].flatMap(([what, value]) => {
      const found = flat(now).get(what)
      return found === value ? [] : [`tenant ${tenant.tenant}, ${what}: ${value} before, ${found ?? 'nothing'} now`]
    })
  })
}

function flat({ counts, services }: TenantAnswers): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(counts).map(([what, count]) => [what, String(count)] as const),
    ...services.flatMap(({ id, configurations, hits, decisions }) => [
      [`service ${id}, sandbox configuration`, String(configurations.sandbox)] as const,
      [`service ${id}, production configuration`, String(configurations.production)] as const,
      ...(hits ?? []).map((value, at) => [`service ${id}, hits ${at} months ago`, value] as const),
      ...decisions.map(({ application, decision }) => [`application ${application} at the backend`, decision] as const),
    ]),
  ])
}
