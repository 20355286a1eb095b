import { z } from 'zod'
import { Secret } from '../base/secret.ts'
import type { StoredTenant } from '../ports/threescale-database.ts'
import { jsonOf, readTenantsCommand } from '../threescale/pod-commands.ts'
import { fault } from './faults.ts'
import type { ThreescalePlace } from './places.ts'
import { outputOf } from './pods.ts'

const secret = z
  .string()
  .nullable()
  .transform((text) => (text === null || text === '' ? null : new Secret(text)))

const tenantsSchema = z.array(
  z.object({
    id: z.string().regex(/^\d+$/),
    orgName: z
      .string()
      .nullable()
      .transform((name) => name ?? ''),
    state: z.string(),
    adminHost: z.string(),
    portalHost: z.string(),
    fromEmail: z.string().nullable(),
    token: secret,
    services: z.array(z.object({ id: z.string().regex(/^\d+$/), systemName: z.string(), token: secret })),
  }),
)

/**
 * The tenants of a 3scale that runs, told by itself in a pod: for that the cluster is enough. Whoever does the rows at the
 * destination may have no way to its database.
 *
 * Faults: STEP_NO_POD, STEP_NO_TENANTS, OPENSHIFT_EXEC_*.
 */
export async function tenantsOf(at: ThreescalePlace): Promise<readonly StoredTenant[]> {
  const output = await outputOf(at, readTenantsCommand())
  const found = tenantsSchema.safeParse(jsonOf(output.reveal('read the tenants and their tokens')))
  // What was found is not told: it may hold a token.
  if (!found.success) throw fault('STEP_NO_TENANTS', { place: at.place, namespace: at.namespace })
  return found.data
}
