import { datetime, dayMs, minuteMs, worldNow } from '../calendar.ts'
import { tenantIdByAccount, tenantIdOf, type Outline, type Tenant } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'
import { historyRowsOf } from './history.ts'

/** What the installation tells people: messages, dispatch rules, notifications, logs and web hooks. */
export function messageTables(outline: Outline): TableRows[] {
  return [
    { table: 'system_operations', rows: () => systemOperations() },
    { table: 'mail_dispatch_rules', rows: () => mailDispatchRules(outline) },
    { table: 'messages', rows: () => messages(outline) },
    { table: 'message_recipients', rows: () => messageRecipients(outline) },
    { table: 'notifications', rows: () => notifications(outline) },
    { table: 'log_entries', rows: () => logEntries(outline) },
    { table: 'web_hooks', rows: () => webHooks(outline) },
  ]
}

const operations = [
  'user_signup',
  'new_app',
  'new_contract',
  'plan_change',
  'app_suspended',
  'key_created',
  'key_deleted',
  'weekly_reports',
  'daily_reports',
  'limit_alerts',
]

function* systemOperations(): Generator<Row> {
  const at = datetime(worldNow - 3000 * dayMs)
  for (const [i, ref] of operations.entries()) {
    yield { id: i + 1, ref, name: ref.replaceAll('_', ' '), description: null, created_at: at, updated_at: at, pos: i }
  }
}

function* mailDispatchRules(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.everyone) {
    for (let operation = 1; operation <= 4; operation++) {
      const at = datetime(tenant.createdAt)
      yield {
        id: ++id,
        account_id: tenant.id,
        system_operation_id: operation,
        emails: `ops@${tenant.domain}, přehled@mail.example.net`,
        dispatch: operation !== 3,
        created_at: at,
        updated_at: at,
        tenant_id: tenantIdOf(tenant),
      }
    }
  }
}

interface Message {
  readonly id: number
  readonly tenant: Tenant
  readonly at: number
}

function* everyMessage(outline: Outline): Generator<Message> {
  let id = 0
  for (const tenant of outline.everyone) {
    const count = historyRowsOf(outline, tenant, 560)
    for (let i = 0; i < count; i++) yield { id: ++id, tenant, at: worldNow - (count - i) * 97 * minuteMs }
  }
}

function* messages(outline: Outline): Generator<Row> {
  const random = outline.random('messages')
  for (const { id, tenant, at } of everyMessage(outline)) {
    const operation = random.between(0, operations.length)
    yield {
      id,
      sender_id: tenant.id,
      subject: `API System: ${outline.prose.take(30)}`,
      body: `Dear customer,\n\n${outline.prose.take(120 + (id % 240))}\n\n-- \n${tenant.name}`,
      state: 'sent',
      hidden_at: random.chance(0.1) ? datetime(at) : null,
      type: null,
      created_at: datetime(at),
      updated_at: datetime(at),
      system_operation_id: operation === 0 ? null : operation,
      headers: '---\nX-SMTPAPI: \'{"category": "new_app"}\'\n',
      tenant_id: tenantIdOf(tenant),
      origin: operation === 0 ? 'web' : null,
    }
  }
}

function* messageRecipients(outline: Outline): Generator<Row> {
  const random = outline.random('message_recipients')
  let id = 0
  for (const message of everyMessage(outline)) {
    for (let n = random.chance(0.15) ? 2 : 1; n > 0; n--) {
      const receiver = random.pick(message.tenant.buyers)
      yield {
        id: ++id,
        message_id: message.id,
        receiver_id: receiver.id,
        receiver_type: 'Account',
        kind: n === 2 ? 'bcc' : 'to',
        position: n === 2 ? 2 : 1,
        state: random.chance(0.5) ? 'read' : 'unread',
        hidden_at: null,
        tenant_id: tenantIdOf(message.tenant),
        deleted_at: random.chance(0.02) ? datetime(message.at) : null,
      }
    }
  }
}

function* notifications(outline: Outline): Generator<Row> {
  const random = outline.random('notifications')
  let id = 0
  for (const tenant of outline.everyone) {
    for (let n = historyRowsOf(outline, tenant, 180); n > 0; n--) {
      const at = datetime(worldNow - n * 3 * minuteMs)
      yield {
        id: ++id,
        user_id: random.pick(tenant.users).id,
        event_id: random.uuid(),
        system_name: 'application_created',
        state: 'delivered',
        created_at: at,
        updated_at: at,
        title: `Nová aplikace: ${outline.prose.take(24)}`,
      }
    }
  }
}

function* logEntries(outline: Outline): Generator<Row> {
  const random = outline.random('log_entries')
  let id = 0
  for (const tenant of outline.tenants) {
    for (let n = historyRowsOf(outline, tenant, 200); n > 0; n--) {
      const at = datetime(worldNow - n * 11 * minuteMs)
      yield {
        id: ++id,
        tenant_id: tenantIdByAccount(outline, tenant),
        provider_id: tenant.id,
        buyer_id: random.pick(tenant.buyers).id,
        level: random.pick([10, 20, 30]),
        description: `Issued invoice 2025-03-${String(n).padStart(8, '0')}`,
        created_at: at,
        updated_at: at,
      }
    }
  }
}

function* webHooks(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.tenants.entries()) {
    const at = datetime(tenant.createdAt)
    yield {
      id: i + 1,
      account_id: tenant.id,
      url: `https://hooks.${tenant.subdomain}.customer.example.org/3scale`,
      account_created_on: true,
      application_created_on: true,
      created_at: at,
      updated_at: at,
      provider_actions: i % 2 === 0,
      active: true,
      tenant_id: tenant.id,
    }
  }
}
