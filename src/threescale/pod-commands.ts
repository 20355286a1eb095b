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
