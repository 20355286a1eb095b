import { planSwitches } from '../../threescale/plan-switches.ts'
import type { Installation } from './installation.ts'
import type { Row, Sql } from './system-database.ts'

/**
 * Gives a tenant a plan of the master's, with the switches that belong to it; those that it has stay. False for a plan
 * without rules: then only the contract is the plan's.
 *
 * Source: porta `app/models/account/provider_methods.rb`, `config/plan_rules.yml`.
 */
export async function upgradeToPlan(sql: Sql, installation: Installation, account: Row, plan: Row): Promise<boolean> {
  const id = account['id'] ?? null
  const switches = planSwitches[String(plan['system_name'])]
  await sql.run(
    `UPDATE cinstances SET plan_id = ?, updated_at = ? WHERE user_account_id = ? AND type = 'Cinstance' AND service_id = ?`,
    [plan['id'] ?? null, installation.now(), id, plan['issuer_id'] ?? null],
  )
  if (switches === undefined) return false
  for (const name of switches) {
    await sql.run(`UPDATE settings SET ${name}_switch = 'visible' WHERE account_id = ? AND ${name}_switch = 'denied'`, [
      id,
    ])
  }
  const limits = { max_users: null, max_services: null, updated_at: installation.now() }
  const [constraints] = await sql.rows('SELECT id FROM provider_constraints WHERE provider_id = ?', [id])
  if (constraints === undefined) {
    await sql.insert('provider_constraints', { provider_id: id, ...limits, created_at: installation.now() })
  } else {
    await sql.run('UPDATE provider_constraints SET max_users = NULL, max_services = NULL WHERE provider_id = ?', [id])
  }
  return true
}
