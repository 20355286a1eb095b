import type { Outline } from '../outline.ts'
import type { TableRows } from '../rows.ts'
import { type FewRow, fewRows, stamped, userOf } from './few-rows.ts'

/** Legal terms, their versions, what they bind and who accepted them. In use, if rarely. */
export function legalTermTables(outline: Outline): TableRows[] {
  const rowsOf = (make: FewRow) => fewRows(outline, make)
  return [
    {
      table: 'legal_terms',
      rows: rowsOf((tenant, id, at) => ({
        id,
        version: 2,
        lock_version: 1,
        name: 'Conditions générales',
        slug: 'signup_licence',
        body: outline.prose.take(2500),
        ...stamped(at),
        published: true,
        created_by_id: userOf(tenant),
        account_id: tenant.id,
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'legal_term_versions',
      rows: rowsOf((tenant, id, at) => ({
        id,
        legal_term_id: id,
        version: 1,
        name: 'Conditions générales',
        slug: 'signup_licence',
        body: outline.prose.take(2500),
        ...stamped(at),
        published: true,
        version_comment: 'První verze',
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'legal_term_bindings',
      rows: rowsOf((tenant, id, at) => ({
        id,
        legal_term_id: id,
        legal_term_version: 2,
        resource_type: 'AccountPlan',
        resource_id: tenant.accountPlans[0]?.id ?? null,
        ...stamped(at),
        scope: 'signup',
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'legal_term_acceptances',
      rows: rowsOf((tenant, id, at) => ({
        id,
        legal_term_id: id,
        legal_term_version: 2,
        resource_type: 'Account',
        resource_id: tenant.buyers[0]?.id ?? null,
        ...stamped(at),
        tenant_id: tenant.id,
        account_id: tenant.buyers[0]?.id ?? null,
      })),
    },
  ]
}
