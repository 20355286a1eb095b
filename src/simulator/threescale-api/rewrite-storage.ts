import { never } from '../../base/never.ts'
import type { Installation } from './installation.ts'
import type { Row } from './system-database.ts'

/** Of whom: all active providers, one provider's services and their applications, or the applications of one buyer. */
export type RewriteOf =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'provider'; readonly id: string }
  | { readonly kind: 'bought-by'; readonly id: string }

export interface RewriteTotals {
  readonly services: number
  readonly applications: number
}

const commandsPerPipeline = 500
/** What the master and tenants are left out for: their data is not the backend's any more. */
const inactive = "('suspended', 'scheduled_for_deletion')"

/**
 * Writes into the backend's Redis what it has to know of services and applications, from the system database.
 *
 * Only writes: what is there and should not be stays, and counters are not touched.
 * Source: porta `lib/tasks/backend/storage.rake`, `app/lib/backend/storage_rewrite.rb`; the keys: apisonator.
 */
export async function rewriteStorage(installation: Installation, of: RewriteOf): Promise<RewriteTotals> {
  const writer = new Writer(installation)
  const services = of.kind === 'bought-by' ? [] : await activeServices(installation, of)
  for (const service of services) await writeService(installation, writer, service)
  const applications = await applicationsOf(installation, of)
  for (const application of applications) writeApplication(writer, application)
  for (const child of await belowApplications(installation, of, 'application_keys')) writeChild(writer, child, 'keys')
  for (const child of await belowApplications(installation, of, 'referrer_filters')) {
    writeChild(writer, child, 'referrer_filters')
  }
  await writer.flush()
  return { services: services.length, applications: applications.length }
}

class Writer {
  readonly #installation: Installation
  #commands: (readonly string[])[] = []
  #full: (readonly string[])[][] = []

  constructor(installation: Installation) {
    this.#installation = installation
  }

  add(...command: readonly string[]): void {
    this.#commands.push(command)
    if (this.#commands.length < commandsPerPipeline) return
    this.#full.push(this.#commands)
    this.#commands = []
  }

  async flush(): Promise<void> {
    for (const commands of [...this.#full, this.#commands]) {
      const pipeline = this.#installation.storage.pipeline()
      for (const [name = '', ...parameters] of commands) pipeline.call(name, ...parameters)
      for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
    }
    this.#commands = []
    this.#full = []
  }
}

/** The condition that narrows services `s` and their accounts `a` down, and applications `c`. */
function condition(of: RewriteOf): string {
  const active = `a.state NOT IN ${inactive} AND (a.provider IS TRUE OR a.master IS TRUE) AND s.state <> 'deleted'`
  switch (of.kind) {
    case 'everyone':
      return active
    case 'provider':
      return `${active} AND a.id = ${Number(of.id)}`
    case 'bought-by':
      return `${active} AND c.user_account_id = ${Number(of.id)}`
    default:
      return never(of)
  }
}

/** Services with their provider's key: the user key of its first application at the master. */
function activeServices({ database }: Installation, of: RewriteOf): Promise<readonly Row[]> {
  return database.rows(
    `SELECT s.*, a.default_service_id,
       (SELECT c.user_key FROM cinstances c JOIN services ms ON ms.id = c.service_id
        JOIN accounts m ON m.id = ms.account_id AND m.master IS TRUE
        WHERE c.user_account_id = a.id AND c.type = 'Cinstance' ORDER BY c.id LIMIT 1) AS provider_key
     FROM services s JOIN accounts a ON a.id = s.account_id WHERE ${condition(of)} ORDER BY s.account_id, s.id`,
  )
}

async function writeService({ database }: Installation, writer: Writer, service: Row): Promise<void> {
  const id = String(service['id'])
  const key = String(service['provider_key'] ?? '')
  writer.add('SET', `service/id:${id}/state`, 'active')
  writer.add(
    'SET',
    `service/id:${id}/referrer_filters_required`,
    service['referrer_filters_required'] === true ? '1' : '0',
  )
  writer.add('SET', `service/id:${id}/backend_version`, String(service['backend_version']))
  writer.add('SET', `service/id:${id}/provider_key`, key)
  writer.add('SADD', `service/provider_key:${key}/ids`, id)
  if (service['default_service_id'] === service['id']) writer.add('SET', `service/provider_key:${key}/id`, id)
  writer.add('SADD', 'provider_keys_set', key)
  writer.add('SADD', 'services_set', id)
  const levels = [...String(service['notification_settings'] ?? '').matchAll(/^- (\d+)$/gm)].map(([, level]) => level)
  for (const level of new Set(levels)) writer.add('SADD', `alerts/service_id:${id}/allowed_set`, String(level))
  for (const { value } of await database.rows('SELECT value FROM service_tokens WHERE service_id = ?', [id])) {
    writer.add('HSET', `service_token/token:${String(value)}/service_id:${id}`, 'permissions', '')
  }
  // A backend's metrics count for each of the services that use it.
  const metrics = await database.rows(
    `SELECT m.* FROM metrics m WHERE (m.owner_type = 'Service' AND m.owner_id = ?) OR (m.owner_type = 'BackendApi'
       AND m.owner_id IN (SELECT b.backend_api_id FROM backend_api_configs b WHERE b.service_id = ?)) ORDER BY m.id`,
    [id, id],
  )
  for (const metric of metrics) {
    const of = `metric/service_id:${id}`
    writer.add('SADD', `metrics/service_id:${id}/ids`, String(metric['id']))
    writer.add('SET', `${of}/id:${metric['id']}/name`, String(metric['system_name']))
    writer.add('SET', `${of}/name:${metric['system_name']}/id`, String(metric['id']))
    const parent = metric['parent_id']
    if (typeof parent === 'string') writer.add('SET', `${of}/id:${metric['id']}/parent_id`, parent)
  }
  const limits = await database.rows(
    `SELECT l.* FROM usage_limits l JOIN plans p ON p.id = l.plan_id AND p.issuer_type = 'Service'
     WHERE p.issuer_id = ? ORDER BY l.id`,
    [id],
  )
  for (const limit of limits) {
    const of = `usage_limit/service_id:${id}/plan_id:${limit['plan_id']}/metric_id:${limit['metric_id']}`
    writer.add('SET', `${of}/${limit['period']}`, String(limit['value']))
  }
}

const applicationSource = `FROM cinstances c JOIN services s ON s.id = c.service_id
  JOIN accounts a ON a.id = s.account_id`

function applicationsOf({ database }: Installation, of: RewriteOf): Promise<readonly Row[]> {
  return database.rows(
    `SELECT c.*, s.backend_version, p.name AS plan_name ${applicationSource} JOIN plans p ON p.id = c.plan_id
     WHERE c.type = 'Cinstance' AND ${condition(of)} ORDER BY c.id`,
  )
}

function writeApplication(writer: Writer, application: Row): void {
  const service = `service_id:${application['service_id']}`
  const id = String(application['application_id'])
  const key = `application/${service}/id:${id}`
  writer.add('SET', `${key}/state`, application['state'] === 'live' ? 'active' : String(application['state']))
  writer.add('SET', `${key}/plan_id`, String(application['plan_id']))
  writer.add('SET', `${key}/plan_name`, String(application['plan_name']))
  writer.add('SADD', `${service}/applications`, id)
  if (application['backend_version'] === '1' && application['user_key'] !== null) {
    writer.add('SET', `application/${service}/key:${application['user_key']}/id`, id)
  }
}

function belowApplications(
  { database }: Installation,
  of: RewriteOf,
  table: 'application_keys' | 'referrer_filters',
): Promise<readonly Row[]> {
  return database.rows(
    `SELECT t.value, c.service_id, c.application_id ${applicationSource} JOIN ${table} t ON t.application_id = c.id
     WHERE c.type = 'Cinstance' AND ${condition(of)} ORDER BY t.id`,
  )
}

function writeChild(writer: Writer, { value, service_id, application_id }: Row, name: string): void {
  writer.add('SADD', `application/service_id:${service_id}/id:${application_id}/${name}`, String(value))
}
