import { datetime, dayMs, minuteMs, worldNow } from '../calendar.ts'
import { hexOf } from '../random.ts'
import { tenantIdByAccount, tenantIdOf, type Application, type Outline, type Tenant } from '../outline.ts'
import type { Cell, Row, TableRows } from '../rows.ts'
import { alertLimitsOf } from './services.ts'

/** Contracts of all three types, and the keys, filters and alerts of applications. */
export function applicationTables(outline: Outline): TableRows[] {
  return [
    { table: 'cinstances', rows: () => cinstances(outline) },
    { table: 'application_keys', rows: () => applicationKeys(outline) },
    { table: 'referrer_filters', rows: () => referrerFilters(outline) },
    { table: 'alerts', rows: () => alerts(outline) },
  ]
}

/** Every application with the tenant that sells it; those of the master are the tenants' own. */
export function* everyApplication(
  outline: Outline,
): Generator<{ readonly tenant: Tenant; readonly application: Application }> {
  for (const tenant of outline.everyone) {
    for (const buyer of tenant.buyers) for (const application of buyer.applications) yield { tenant, application }
  }
}

/** Public id of an application, as gateways send it. */
export function applicationIdOf(outline: Outline, application: Application): string {
  return hexOf(outline.seed, 'application-id', application.id, 8)
}

export function userKeyOf(outline: Outline, application: Application): string {
  return hexOf(outline.seed, 'user-key', application.id, 32)
}

/** The keys of an application; two for every fourth. */
export function applicationKeysOf(outline: Outline, application: Application): readonly string[] {
  const first = hexOf(outline.seed, 'application-key', application.id, 32)
  return application.id % 4 === 0 ? [first, hexOf(outline.seed, 'application-key-2', application.id, 32)] : [first]
}

/** Referrers that an application may come from; most have no such filter. */
export function referrersOf(application: Application): readonly string[] {
  return application.id % 4 === 2 ? [`*.client-${application.id}.example.org`] : []
}

function* cinstances(outline: Outline): Generator<Row> {
  for (const tenant of outline.everyone) {
    for (const [i, buyer] of tenant.buyers.entries()) {
      for (const application of buyer.applications) {
        const first = application.firstTrafficAt
        yield contract(application.id, application.plan.id, buyer.id, application.createdAt, tenant, 'Cinstance', {
          user_key: userKeyOf(outline, application),
          application_id: applicationIdOf(outline, application),
          name: `${buyer.name}’s App`,
          description: outline.prose.take(50),
          state: application.live ? 'live' : 'suspended',
          service_id: application.service.id,
          first_traffic_at: first === null ? null : datetime(first),
          // What is in use at all is in use today.
          first_daily_traffic_at: first === null ? null : datetime(worldNow - minuteMs),
          extra_fields: '--- !ruby/hash:ActiveSupport::HashWithIndifferentAccess\nteam: core\n',
        })
      }
      const service = buyer.applications[0]?.service
      const none = {
        user_key: null,
        application_id: null,
        name: null,
        description: null,
        state: 'live',
        first_traffic_at: null,
        first_daily_traffic_at: null,
        extra_fields: null,
      }
      const accountPlan = tenant.accountPlans[i % 2]?.id ?? 0
      yield contract(buyer.accountContractId, accountPlan, buyer.id, buyer.createdAt, tenant, 'AccountContract', {
        ...none,
        service_id: null,
      })
      yield contract(
        buyer.serviceContractId,
        service?.servicePlan.id ?? 0,
        buyer.id,
        buyer.createdAt,
        tenant,
        'ServiceContract',
        { ...none, service_id: service?.id ?? null },
      )
    }
  }
}

function contract(
  id: number,
  planId: number,
  buyerId: number,
  createdAt: number,
  tenant: Tenant,
  type: string,
  more: Readonly<Record<string, Cell>>,
): Row {
  return {
    id,
    plan_id: planId,
    user_account_id: buyerId,
    created_at: datetime(createdAt),
    updated_at: datetime(createdAt + dayMs),
    accepted_at: datetime(createdAt),
    paid_until: id % 3 === 0 ? datetime(worldNow + 7 * dayMs) : null,
    trial_period_expires_at: id % 5 === 0 ? datetime(createdAt + 30 * dayMs) : null,
    setup_fee: '0.00',
    type,
    tenant_id: tenantIdOf(tenant),
    provider_public_key: null,
    user_key: more['user_key'] ?? null,
    application_id: more['application_id'] ?? null,
    name: more['name'] ?? null,
    description: more['description'] ?? null,
    state: more['state'] ?? 'live',
    service_id: more['service_id'] ?? null,
    first_traffic_at: more['first_traffic_at'] ?? null,
    first_daily_traffic_at: more['first_daily_traffic_at'] ?? null,
    extra_fields: more['extra_fields'] ?? null,
  }
}

function* applicationKeys(outline: Outline): Generator<Row> {
  let id = 0
  for (const { tenant, application } of everyApplication(outline)) {
    const at = datetime(application.createdAt)
    for (const value of applicationKeysOf(outline, application)) {
      yield {
        id: ++id,
        application_id: application.id,
        value,
        created_at: at,
        updated_at: at,
        tenant_id: tenantIdOf(tenant),
      }
    }
  }
}

function* referrerFilters(outline: Outline): Generator<Row> {
  let id = 0
  for (const { tenant, application } of everyApplication(outline)) {
    const at = datetime(application.createdAt)
    for (const value of referrersOf(application)) {
      yield {
        id: ++id,
        application_id: application.id,
        value,
        created_at: at,
        updated_at: at,
        tenant_id: tenantIdOf(tenant),
      }
    }
  }
}

interface Alert {
  readonly tenant: Tenant
  readonly application: Application
  /** The backend's number for it; `alerts/current_id` stands at the last one given out. */
  readonly alertId: number
  readonly level: number
  readonly at: number
  readonly read: boolean
  readonly toTenant: boolean
}

const lastAlertIdBefore = 7000

function* everyAlert(outline: Outline): Generator<Alert> {
  const random = outline.random('alerts')
  let alertId = lastAlertIdBefore
  for (const { tenant, application } of everyApplication(outline)) {
    if (tenant.master) continue
    const levels = alertLimitsOf(application.service)
    for (let n = random.below(4); n > 0; n--) {
      const level = random.pick(levels)
      const at = worldNow - random.below(180 * 86_400) * 1000
      yield { tenant, application, alertId: ++alertId, level, at, read: n === 1, toTenant: n % 2 === 0 }
    }
  }
}

/** The greatest `alert_id` in MySQL. */
export function lastAlertIdOf(outline: Outline): number {
  let last = lastAlertIdBefore
  for (const { alertId } of everyAlert(outline)) last = alertId
  return last
}

function* alerts(outline: Outline): Generator<Row> {
  let id = 0
  for (const { tenant, application, alertId, level, at, read, toTenant } of everyAlert(outline)) {
    yield {
      id: ++id,
      account_id: toTenant ? tenant.id : application.buyerId,
      timestamp: datetime(at),
      state: read ? 'read' : 'unread',
      cinstance_id: application.id,
      utilization: `${level}.50`,
      level,
      alert_id: alertId,
      message: `hits per minute: ${level * 60} of 6000`,
      tenant_id: tenantIdByAccount(outline, tenant),
      service_id: application.service.id,
    }
  }
}
