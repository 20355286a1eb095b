/*
 * Commands that are run inside the pods of a 3scale, as argument lists: no shell reads them.
 */

/** Rake tasks of system, which every release has. Source: porta `lib/tasks/*.rake`. */
export const rakeTasks = {
  /** zync makes the routes anew, from the hosts in the database. In a pod of system-sidekiq. */
  resyncDomains: 'zync:resync:domains',
  /** What the backend knows of services and applications is written anew; counters stay. */
  enqueueRewrite: 'backend:storage:enqueue_rewrite',
  /** The same, and it is done when the task ends: no job is left to wait for. */
  rewrite: 'backend:storage:rewrite',
  /** Makes the triggers that fill tenant_id. */
  createTriggers: 'multitenant:triggers',
  /** Makes the procedure that numbers invoices. */
  createProcedures: 'db:procedures',
  /** Fills the search index. */
  reindex: 'searchd:optimal_index',
} as const
export type RakeTask = (typeof rakeTasks)[keyof typeof rakeTasks]

export function rakeCommand(task: RakeTask): readonly string[] {
  return ['bundle', 'exec', 'rake', task]
}

/** The master's own service and its default application plan, before and after. */
export interface MasterPlanChange {
  readonly serviceId: string
  /** null: there was none. */
  readonly before: string | null
  readonly after: string | null
}

const report =
  'puts({ threeshift: { service: service.id, before: before, after: service.default_application_plan_id } }.to_json)'
const begin = 'service = Account.master.services.first!; before = service.default_application_plan_id'

/** Tells the master's default application plan, in a container of system-app that has Rails. */
export function readMasterPlanCommand(): readonly string[] {
  return runner(`${begin}; ${report}`)
}

/** Makes a plan of the master's service its default; fails, and changes nothing, when there is no such plan. */
export function setMasterPlanCommand(systemName: string): readonly string[] {
  if (!/^[a-z0-9_]+$/.test(systemName)) throw new Error('bug: no system name')
  const plan = `service.application_plans.find_by!(system_name: '${systemName}')`
  return runner(`${begin}; service.update!(default_application_plan: ${plan}); ${report}`)
}

/** As it was `before`; null takes the default away. */
export function restoreMasterPlanCommand(planId: string | null): readonly string[] {
  if (planId !== null && !/^\d+$/.test(planId)) throw new Error('bug: no plan id')
  const plan = planId === null ? 'nil' : `service.application_plans.find(${planId})`
  return runner(`${begin}; service.update!(default_application_plan: ${plan}); ${report}`)
}

/**
 * Tells the tenants that are not on their way out, by id, with one access token each and their services' tokens: what no
 * API tells. In a container of system-app that has Rails; its output is a secret.
 *
 * Columns are read by their names in the database, which are the same in every release. Source: porta `app/models/`
 * account.rb, access_token.rb, service_token.rb.
 */
export function readTenantsCommand(): readonly string[] {
  return runner(
    [
      "tenants = Account.where(provider: true, master: [nil, false]).where.not(state: 'scheduled_for_deletion').order(:id)",
      `found = tenants.map { |account| ${tenantScript} }`,
      'puts({ threeshift: found }.to_json)',
    ].join('; '),
  )
}

/** The best token first: one that may read statistics, then one that may write. Those that are kept as digests are of no use. */
const tenantScript = [
  "admins = User.where(account_id: account.id, role: 'admin', state: 'active').pluck(:id)",
  "usable = AccessToken.where(owner_id: admins).select { |token| token.scopes.include?('account_management') && !token.value.start_with?('SHA384$') }",
  "best = usable.min_by { |token| [token.scopes.include?('stats') ? 0 : 1, token.permission == 'rw' ? 0 : 1, token.id] }",
  "services = Service.where(account_id: account.id).where.not(state: 'deleted').order(:id)",
  'of_services = services.map { |service| { id: service.id.to_s, systemName: service[:system_name], token: ServiceToken.where(service_id: service.id).minimum(:value) } }',
  '{ id: account.id.to_s, orgName: account[:org_name], state: account[:state], adminHost: account[:self_domain], portalHost: account[:domain], fromEmail: account[:from_email], token: best&.value, services: of_services }',
].join('; ')

/** The line of JSON among whatever else Rails says, without checking what it holds; undefined: there is none. */
export function jsonOf(stdout: string): unknown {
  const line = stdout.split('\n').findLast((text) => text.startsWith('{"threeshift":'))
  if (line === undefined) return undefined
  const parsed: unknown = JSON.parse(line)
  return typeof parsed === 'object' && parsed !== null && 'threeshift' in parsed ? parsed.threeshift : undefined
}

function runner(script: string): readonly string[] {
  return ['bundle', 'exec', 'rails', 'runner', script]
}

/** What the three commands above print among whatever else Rails says; undefined: nothing of theirs. */
export function parseMasterPlanChange(stdout: string): MasterPlanChange | undefined {
  const found = /^\{"threeshift":\{"service":(\d+),"before":(\d+|null),"after":(\d+|null)\}\}$/m.exec(stdout)
  if (found === null) return undefined
  const [, serviceId = '', before = 'null', after = 'null'] = found
  return { serviceId, before: before === 'null' ? null : before, after: after === 'null' ? null : after }
}
