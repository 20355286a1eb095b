import type { Secret } from '../base/secret.ts'
import type { MasterApi, TenantApi } from '../ports/threescale-api.ts'
import type { ThreescalePlace } from './places.ts'
import { secretValue } from './secrets.ts'
import type { Tools } from './tools.ts'

/** The master's API, with the token of secret system-seed. Faults: STEP_SECRET_MISSING. */
export async function masterApi(tools: Tools, at: ThreescalePlace): Promise<MasterApi> {
  const label = (await secretValue(at, 'system-seed', 'MASTER_DOMAIN')).reveal('a label, not a secret')
  const token = await secretValue(at, 'system-seed', 'MASTER_ACCESS_TOKEN')
  return tools.threescale.master(tools.portal(at.place, `${label}.${at.domain}`), token)
}

export function tenantApi(tools: Tools, at: ThreescalePlace, adminHost: string, token: Secret): TenantApi {
  return tools.threescale.tenant(tools.portal(at.place, adminHost), token)
}
