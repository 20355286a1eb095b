import { datetime, minuteMs, worldNow } from '../calendar.ts'
import { isAtLeast } from '../../../model/release.ts'
import { tenantIdOf, type Application, type Outline, type Tenant } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'
import { everyApplication } from './applications.ts'

/** What happened: domain events, audits, deletions and events fetched from the backend. */
export function historyTables(outline: Outline): TableRows[] {
  return [
    { table: 'event_store_events', rows: () => events(outline) },
    { table: 'audits', rows: () => audits(outline) },
    { table: 'deleted_objects', rows: () => deletedObjects(outline) },
    { table: 'backend_events', rows: () => backendEvents(outline) },
  ]
}

/** Rows of a history table for one tenant, where an average tenant of a world of scale 1 has `average`. */
export function historyRowsOf(outline: Outline, tenant: Tenant, average: number): number {
  return Math.max(2, Math.round(average * outline.scale * tenant.weight))
}

const eventTypes = [
  'Applications::ApplicationCreatedEvent',
  'Accounts::AccountCreatedEvent',
  'OIDC::ProxyChangedEvent',
  'Domains::ProxyDomainsChangedEvent',
  'Metrics::MetricCreatedEvent',
]

function* events(outline: Outline): Generator<Row> {
  const random = outline.random('event_store_events')
  const masterKeepsNull = isAtLeast(outline.release, '2.16')
  let id = 0
  for (const tenant of outline.everyone) {
    const count = historyRowsOf(outline, tenant, 900)
    const gid = `gid://system/Account/${tenant.id}`
    for (let n = count; n > 0; n--) {
      const type = random.pick(eventTypes)
      const at = datetime(worldNow - n * 7 * minuteMs)
      const service = random.pick(tenant.services)
      const eventId = random.uuid()
      yield {
        id: ++id,
        stream: 'all',
        event_type: type,
        event_id: eventId,
        metadata: `---\n:provider_id: ${tenant.id}\n:zync:\n  :tenant_id: ${tenant.id}\n  :service_id: ${service.id}\n:timestamp: ${at} Z\n`,
        data: `---\nprovider:\n  _aj_globalid: ${gid}\nservice:\n  _aj_globalid: gid://system/Service/${service.id}\nevent_id: ${eventId}\nname: ${JSON.stringify(service.name)}\nendpoint: "${service.endpoint}"\nnote: ${JSON.stringify(outline.prose.take(40 + (id % 120)))}\n_aj_symbol_keys:\n- provider\n- service\n`,
        created_at: at,
        provider_id: tenant.id,
        tenant_id: tenant.master && masterKeepsNull ? null : tenant.id,
      }
    }
  }
}

function* audits(outline: Outline): Generator<Row> {
  const random = outline.random('audits')
  let id = 0
  for (const tenant of outline.everyone) {
    for (let n = historyRowsOf(outline, tenant, 640); n > 0; n--) {
      const service = random.pick(tenant.services)
      const user = random.pick(tenant.users)
      yield {
        id: ++id,
        auditable_id: service.id,
        auditable_type: 'Service',
        user_id: user.id,
        user_type: 'User',
        username: user.username,
        action: 'update',
        version: n,
        created_at: datetime(worldNow - n * 83 * minuteMs),
        tenant_id: tenantIdOf(tenant),
        provider_id: tenant.id,
        kind: 'Service',
        audited_changes: `---\nname:\n- ${service.name}\n- ${JSON.stringify(outline.prose.take(24))}\ndescription:\n- |-\n  ${outline.prose.take(60).replaceAll('\n', '\n  ')}\n- \nbuyers_manage_keys:\n- true\n- false\n`,
        comment: null,
        associated_id: null,
        associated_type: null,
        remote_address: '203.0.113.9',
        request_uuid: random.uuid(),
      }
    }
  }
}

function* deletedObjects(outline: Outline): Generator<Row> {
  const random = outline.random('deleted_objects')
  let id = 0
  for (const tenant of outline.tenants) {
    for (let n = historyRowsOf(outline, tenant, 60); n > 0; n--) {
      const service = random.pick(tenant.services)
      yield {
        id: ++id,
        owner_id: service.id,
        owner_type: 'Service',
        object_id: 8_000_000 + id,
        object_type: random.pick(['Metric', 'Contract']),
        created_at: datetime(worldNow - n * 60 * minuteMs),
        metadata: '--- {}\n',
      }
    }
  }
}

// The ids are the backend's sequence, not the table's.
const lastEventIdBefore = 40_000

/** Applications with their first traffic, of which the backend has told, in the order of its events. */
function* everyFirstTraffic(
  outline: Outline,
): Generator<{ readonly id: number; readonly application: Application; readonly firstTrafficAt: number }> {
  let id = lastEventIdBefore
  for (const { tenant, application } of everyApplication(outline)) {
    const { firstTrafficAt } = application
    if (!tenant.master && firstTrafficAt !== null) yield { id: ++id, application, firstTrafficAt }
  }
}

/** The greatest id in `backend_events`. */
export function lastBackendEventIdOf(outline: Outline): number {
  let last = lastEventIdBefore
  for (const { id } of everyFirstTraffic(outline)) last = id
  return last
}

function* backendEvents(outline: Outline): Generator<Row> {
  for (const { id, application, firstTrafficAt } of everyFirstTraffic(outline)) {
    const at = datetime(firstTrafficAt)
    yield {
      id,
      data: `---\nid: ${id}\ntype: first_traffic\nobject:\n  service_id: '${application.service.id}'\n  application_id: '${application.id}'\n  timestamp: ${at} UTC\n`,
      created_at: at,
      updated_at: at,
    }
  }
}
