import {
  readMasterPlanCommand,
  readTenantsCommand,
  restoreMasterPlanCommand,
  setMasterPlanCommand,
} from '../../threescale/pod-commands.ts'
import { type CommandResult, failure } from './command-result.ts'
import type { Installation } from './installation.ts'
import { tellTenants } from './tell-tenants.ts'
import type { Row } from './system-database.ts'

/**
 * Does what a script of Ruby means, of those that are known: the tenants told; the master's default plan told, set and put
 * back; and the master's sender address set as RHOAM does it. Any other script is refused, for a guess would be a wrong success.
 */
export async function runRubyScript(script: string, installation: Installation): Promise<CommandResult> {
  if (script === scriptOf(readTenantsCommand())) {
    const found = await tellTenants(installation.database)
    return { stdout: `${JSON.stringify({ threeshift: found })}\n`, stderr: '', exitCode: 0 }
  }
  if (script === scriptOf(readMasterPlanCommand())) return changePlan(installation, async () => undefined)
  const systemName = /system_name: '([a-z0-9_]+)'/.exec(script)?.[1]
  if (systemName !== undefined && script === scriptOf(setMasterPlanCommand(systemName))) {
    return changePlan(installation, (service) => planBy(installation, service, 'system_name', systemName))
  }
  const planId = /application_plans\.find\((\d+)\)/.exec(script)?.[1] ?? null
  if (script === scriptOf(restoreMasterPlanCommand(planId))) {
    return changePlan(installation, (service) => (planId === null ? null : planBy(installation, service, 'id', planId)))
  }
  const sender = /^\s*(\w+) = Account\.(?:find_by_master true|master); \1\.from_email = '([^']+)'; \1\.save!\s*$/.exec(
    script,
  )
  if (sender !== null) {
    await installation.database.run('UPDATE accounts SET from_email = ? WHERE master IS TRUE', [sender[2] ?? null])
    return { stdout: '', stderr: '', exitCode: 0 }
  }
  return failure('the simulated rails runner does not know this script\n')
}

function scriptOf(command: readonly string[]): string {
  return command.at(-1) ?? ''
}

async function planBy(
  { database }: Installation,
  service: Row,
  column: 'id' | 'system_name',
  value: string,
): Promise<Row | 'not found'> {
  const [plan] = await database.rows(
    `SELECT * FROM plans WHERE type = 'ApplicationPlan' AND issuer_type = 'Service' AND issuer_id = ? AND ${column} = ?
     ORDER BY id`,
    [service['id'] ?? null, value],
  )
  return plan ?? 'not found'
}

/** `choose` gives the plan to make the default, null for none, undefined to leave it. */
async function changePlan(
  installation: Installation,
  choose: (service: Row) => Promise<Row | 'not found' | undefined> | null,
): Promise<CommandResult> {
  const { database } = installation
  const [service] = await database.rows(
    `SELECT s.* FROM services s JOIN accounts a ON a.id = s.account_id WHERE a.master IS TRUE AND s.state <> 'deleted'
     ORDER BY s.id LIMIT 1`,
  )
  if (service === undefined) return failure('Account.master has no service (ActiveRecord::RecordNotFound)\n')
  const before = service['default_application_plan_id'] ?? null
  const chosen = await choose(service)
  if (chosen === 'not found') return failure("Couldn't find ApplicationPlan (ActiveRecord::RecordNotFound)\n")
  const after = chosen === undefined ? before : (chosen?.['id'] ?? null)
  if (chosen !== undefined) {
    await database.run('UPDATE services SET default_application_plan_id = ?, updated_at = ? WHERE id = ?', [
      after,
      installation.now(),
      service['id'] ?? null,
    ])
  }
  const stdout = `{"threeshift":{"service":${service['id']},"before":${before},"after":${after}}}\n`
  return { stdout, stderr: '', exitCode: 0 }
}
