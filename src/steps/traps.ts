import type { Migration } from '../model/migration.ts'
import type { StoredTenant } from '../ports/threescale-database.ts'
import { fault } from './faults.ts'
import { domainOf } from './places.ts'

/*
 * Two things that RHOAM does to a customer's tenants without being asked. Nobody is sent into them: each needs a decision,
 * before the traffic is stopped. Source: integreatly-operator `pkg/products/threescale/reconciler.go`.
 */

/** The label of the tenant that RHOAM takes for its own. */
export const rhoamTenant = '3scale'

/** The admin host that RHOAM calls, whatever the tenants are. */
export function rhoamAdminHost(migration: Migration): string {
  return `${rhoamTenant}-admin.${domainOf(migration, 'destination')}`
}

/** A tenant that RHOAM will take for its own: it deletes every user there who is not one of the cluster's. */
export function tenantTaken(tenants: readonly StoredTenant[], domain: string): StoredTenant | undefined {
  return tenants.find(({ adminHost }) => adminHost.toLowerCase() === `${rhoamTenant}-admin.${domain}`)
}

/** Faults: STEP_TENANT_TAKEN, STEP_SENDERS_OVERWRITTEN. */
export function refuseTraps(migration: Migration, tenants: readonly StoredTenant[], domain: string): void {
  const { tenantNamed3scale, senderAddresses } = migration.destination.accepted
  const taken = tenantTaken(tenants, domain)
  if (taken !== undefined && !tenantNamed3scale)
    throw fault('STEP_TENANT_TAKEN', { tenant: taken.id, host: taken.adminHost })
  const own = tenants.filter(({ fromEmail }) => fromEmail !== null && fromEmail !== '')
  if (own.length > 0 && !senderAddresses) throw fault('STEP_SENDERS_OVERWRITTEN', { tenants: own.length })
}
