import { datetime } from '../calendar.ts'
import { slug } from '../names.ts'
import { tenantIdOf, type Outline, type Plan, type Service, type Tenant } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'
import { everyService } from './services.ts'

/** Plans of all three types with their limits, prices and features. */
export function planTables(outline: Outline): TableRows[] {
  return [
    { table: 'plans', rows: () => plans(outline) },
    { table: 'features', rows: () => features(outline) },
    { table: 'features_plans', rows: () => featuresPlans(outline) },
    { table: 'plan_metrics', rows: () => planMetrics(outline) },
    { table: 'usage_limits', rows: () => usageLimits(outline) },
    { table: 'pricing_rules', rows: () => pricingRules(outline) },
  ]
}

function* plans(outline: Outline): Generator<Row> {
  for (const tenant of outline.everyone) {
    for (const [i, plan] of tenant.accountPlans.entries()) {
      yield planRow(outline, tenant, plan, i, 'AccountPlan', tenant.id)
    }
    for (const service of tenant.services) {
      yield planRow(outline, tenant, service.servicePlan, 0, 'ServicePlan', service.id)
      for (const [i, plan] of service.applicationPlans.entries()) {
        yield planRow(outline, tenant, plan, i, 'ApplicationPlan', service.id)
      }
    }
  }
}

function planRow(outline: Outline, tenant: Tenant, plan: Plan, position: number, type: string, issuerId: number): Row {
  const at = datetime(tenant.createdAt)
  return {
    id: plan.id,
    issuer_id: issuerId,
    name: plan.name,
    full_legal: type === 'ApplicationPlan' ? outline.prose.take(150) : null,
    cost_per_month: `${position * 25}.9900`,
    trial_period_days: position === 1 ? 30 : null,
    created_at: at,
    updated_at: at,
    position,
    state: position === 2 ? 'hidden' : 'published',
    setup_fee: position === 2 ? '100.0000' : '0.0000',
    type,
    issuer_type: type === 'AccountPlan' ? 'Account' : 'Service',
    description: null,
    approval_required: position === 2,
    tenant_id: tenantIdOf(tenant),
    system_name: slug(plan.name, '_'),
    contracts_count: plan.contracts,
  }
}

const serviceFeatures = ['Unlimited Greetings', '24/7 support', 'Accès illimité']

function featureIds(service: Service): readonly number[] {
  return serviceFeatures.map((_, i) => service.id * serviceFeatures.length + i)
}

function* features(outline: Outline): Generator<Row> {
  for (const tenant of outline.everyone) {
    const at = datetime(tenant.createdAt)
    for (const service of tenant.services) {
      for (const [i, id] of featureIds(service).entries()) {
        const name = serviceFeatures[i] ?? ''
        yield {
          id,
          featurable_id: service.id,
          name,
          description: null,
          created_at: at,
          updated_at: at,
          system_name: slug(name, '_'),
          visible: true,
          featurable_type: 'Service',
          scope: 'ApplicationPlan',
          tenant_id: tenantIdOf(tenant),
        }
      }
    }
    // Features of the account plans; their ids lie beyond those of any service.
    yield {
      id: 10_000_000 + tenant.id,
      featurable_id: tenant.id,
      name: 'Newsletter',
      description: outline.prose.take(40),
      created_at: at,
      updated_at: at,
      system_name: 'newsletter',
      visible: false,
      featurable_type: 'Account',
      scope: 'AccountPlan',
      tenant_id: tenantIdOf(tenant),
    }
  }
}

function* featuresPlans(outline: Outline): Generator<Row> {
  for (const service of everyService(outline)) {
    const ids = featureIds(service)
    for (const [i, plan] of service.applicationPlans.entries()) {
      for (const feature of ids.slice(0, i + 1)) {
        yield {
          plan_id: plan.id,
          feature_id: feature,
          plan_type: 'ApplicationPlan',
          tenant_id: tenantIdOf(service.tenant),
        }
      }
    }
  }
}

function* planMetrics(outline: Outline): Generator<Row> {
  let id = 0
  for (const service of everyService(outline)) {
    const at = datetime(service.createdAt)
    for (const plan of service.applicationPlans) {
      yield {
        id: ++id,
        plan_id: plan.id,
        metric_id: service.metrics[1]?.id ?? null,
        visible: id % 2 === 0,
        limits_only_text: true,
        created_at: at,
        updated_at: at,
        plan_type: 'ApplicationPlan',
        tenant_id: tenantIdOf(service.tenant),
      }
    }
  }
}

/** What an application plan allows per period; the backend Redis holds the same numbers. */
export function limitsOf(
  service: Service,
  planIndex: number,
): readonly { metricId: number; period: string; value: number }[] {
  const factor = 10 ** planIndex
  return service.metrics.slice(0, 2).flatMap((metric) => [
    { metricId: metric.id, period: 'minute', value: 60 * factor },
    { metricId: metric.id, period: 'day', value: 10_000 * factor },
  ])
}

function* usageLimits(outline: Outline): Generator<Row> {
  let id = 0
  for (const service of everyService(outline)) {
    const at = datetime(service.createdAt)
    for (const [i, plan] of service.applicationPlans.entries()) {
      for (const limit of limitsOf(service, i)) {
        yield {
          id: ++id,
          metric_id: limit.metricId,
          period: limit.period,
          value: limit.value,
          created_at: at,
          updated_at: at,
          plan_id: plan.id,
          plan_type: 'ApplicationPlan',
          tenant_id: tenantIdOf(service.tenant),
        }
      }
    }
  }
}

function* pricingRules(outline: Outline): Generator<Row> {
  let id = 0
  for (const service of everyService(outline)) {
    const at = datetime(service.createdAt)
    const metric = service.metrics[0]?.id ?? null
    for (const plan of service.applicationPlans) {
      const common = {
        metric_id: metric,
        created_at: at,
        updated_at: at,
        plan_id: plan.id,
        tenant_id: tenantIdOf(service.tenant),
      }
      yield { id: ++id, min: 1, max: 1000, cost_per_unit: '0.0100', ...common }
      yield { id: ++id, min: 1001, max: null, cost_per_unit: '0.0075', ...common }
    }
  }
}
