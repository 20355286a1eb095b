import { datetime, dayMs } from '../calendar.ts'
import type { Outline, Tenant } from '../outline.ts'
import type { Row } from '../rows.ts'

/** Makes a tenant's row; `id` counts from 1, `at` is a datetime soon after the tenant came. */
export type FewRow = (tenant: Tenant, id: number, at: string) => Row

/** The rows of a table that is hardly used: one for each of the first five tenants. */
export function fewRows(outline: Outline, make: FewRow): () => Iterable<Row> {
  return function* () {
    for (const [i, tenant] of outline.tenants.slice(0, 5).entries()) {
      yield make(tenant, i + 1, datetime(tenant.createdAt + 10 * dayMs))
    }
  }
}

export function stamped(at: string): Row {
  return { created_at: at, updated_at: at }
}

/** The id of the tenant's first user. */
export function userOf(tenant: Tenant): number | null {
  return tenant.users[0]?.id ?? null
}
