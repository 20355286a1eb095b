import { datetime } from '../calendar.ts'
import type { Outline } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'
import { fewRows, stamped } from './few-rows.ts'

/** Tags and what carries them. In use, if rarely. */
export function tagTables(outline: Outline): TableRows[] {
  return [
    { table: 'tags', rows: () => tags(outline) },
    {
      table: 'taggings',
      rows: fewRows(outline, (tenant, id, at) => ({
        id,
        tag_id: id,
        taggable_id: tenant.id,
        taggable_type: 'Account',
        ...stamped(at),
        tenant_id: tenant.id,
        tagger_id: null,
        tagger_type: null,
        context: 'tags',
      })),
    },
  ]
}

/** One tag per tenant, forty at most: the table's counter stands far beyond them. */
function* tags(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.tenants.slice(0, 40).entries()) {
    const at = datetime(tenant.createdAt)
    yield {
      id: i + 1,
      name: i % 2 === 0 ? 'beta' : 'bêta',
      ...stamped(at),
      account_id: tenant.id,
      tenant_id: tenant.id,
      taggings_count: i < 5 ? 1 : 0,
    }
  }
}
