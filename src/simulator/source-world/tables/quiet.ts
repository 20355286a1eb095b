import { datetime, dayMs } from '../calendar.ts'
import type { Outline, Tenant } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'

/**
 * Tables that today's 3scale no longer fills. Old installations still have rows in them, so the world has a few too.
 *
 * Tags and legal terms are in use, if rarely; they live here because they are as small.
 */
export const effectivelyDeadTables = [
  'forums',
  'posts',
  'topics',
  'topic_categories',
  'user_topics',
  'moderatorships',
  'slugs',
  'partners',
  'onboardings',
  'go_live_states',
  'service_cubert_infos',
  'proxy_logs',
  'categories',
  'category_types',
] as const

/** A handful of rows for each table that is dead or hardly used. */
export function quietTables(outline: Outline): TableRows[] {
  const few = outline.tenants.slice(0, 5)
  const rowsOf = (make: (tenant: Tenant, index: number, at: string) => Row) =>
    function* () {
      for (const [i, tenant] of few.entries()) yield make(tenant, i + 1, datetime(tenant.createdAt + 10 * dayMs))
    }
  return [
    {
      table: 'forums',
      rows: rowsOf((tenant, id) => ({
        id,
        name: 'Fórum',
        description: null,
        topics_count: 1,
        posts_count: 1,
        position: 0,
        state: 'public',
        permalink: 'forum',
        account_id: tenant.id,
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'topic_categories',
      rows: rowsOf((tenant, id, at) => ({ id, name: 'Général', ...stamped(at), forum_id: id, tenant_id: tenant.id })),
    },
    {
      table: 'topics',
      rows: rowsOf((tenant, id, at) => ({
        id,
        forum_id: id,
        user_id: userOf(tenant),
        title: 'Jak začít?',
        ...stamped(at),
        hits: 17,
        sticky: false,
        posts_count: 1,
        last_post_id: id,
        last_updated_at: at,
        permalink: 'jak-zacit',
        category_id: id,
        delta: true,
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'posts',
      rows: rowsOf((tenant, id, at) => ({
        id,
        user_id: userOf(tenant),
        topic_id: id,
        body: 'První\n\\o/',
        body_html: '<p>První<br>\\o/</p>',
        ...stamped(at),
        forum_id: id,
        email: null,
        anonymous_user: false,
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'user_topics',
      rows: rowsOf((tenant, id, at) => ({
        id,
        user_id: userOf(tenant),
        topic_id: id,
        ...stamped(at),
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'moderatorships',
      rows: rowsOf((tenant, id, at) => ({
        id,
        forum_id: id,
        user_id: userOf(tenant),
        ...stamped(at),
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'slugs',
      rows: rowsOf((tenant, id, at) => ({
        id,
        name: tenant.subdomain,
        sluggable_type: 'Service',
        sluggable_id: tenant.services[0]?.id ?? null,
        created_at: at,
        sequence: 1,
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'partners',
      rows: rowsOf((_, id, at) => ({
        id,
        name: `Partner ${id}`,
        api_key: `partner-key-${id}`,
        ...stamped(at),
        system_name: `partner_${id}`,
        logout_url: 'https://partner.example.org/logout',
      })),
    },
    {
      table: 'onboardings',
      rows: rowsOf((tenant, id, at) => ({
        id,
        account_id: tenant.id,
        wizard_state: 'completed',
        bubble_api_state: 'api_done',
        bubble_metric_state: 'metric_done',
        ...stamped(at),
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'go_live_states',
      rows: rowsOf((tenant, id, at) => ({
        id,
        account_id: tenant.id,
        ...stamped(at),
        steps: '--- !ruby/object:OpenStruct\nverify_api: true\n',
        recent: 'verify_api',
        finished: false,
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'service_cubert_infos',
      rows: rowsOf((tenant, id, at) => ({
        id,
        bucket_id: `bucket-${id}`,
        service_id: tenant.services[0]?.id ?? null,
        ...stamped(at),
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'proxy_logs',
      rows: rowsOf((tenant, id, at) => ({
        id,
        provider_id: tenant.id,
        tenant_id: tenant.id,
        lua_file: `-- -*- mode: lua; -*-\nprovider_key = '\\0${id}'\n`,
        status: 'Deployed',
        ...stamped(at),
      })),
    },
    {
      table: 'category_types',
      rows: rowsOf((tenant, id, at) => ({
        id,
        name: 'Odvětví',
        ...stamped(at),
        account_id: tenant.id,
        tenant_id: tenant.id,
      })),
    },
    {
      table: 'categories',
      rows: rowsOf((tenant, id, at) => ({
        id,
        category_type_id: id,
        parent_id: null,
        name: 'Zdraví',
        ...stamped(at),
        account_id: tenant.id,
        tenant_id: tenant.id,
      })),
    },
    { table: 'tags', rows: () => tags(outline) },
    {
      table: 'taggings',
      rows: rowsOf((tenant, id, at) => ({
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

/** One tag per tenant, forty at most: the table's counter stands far beyond them. */
function* tags(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.tenants.slice(0, 40).entries()) {
    const at = datetime(tenant.createdAt)
    yield {
      id: i + 1,
      name: i % 2 === 0 ? 'beta' : 'bêta',
      created_at: at,
      updated_at: at,
      account_id: tenant.id,
      tenant_id: tenant.id,
      taggings_count: i < 5 ? 1 : 0,
    }
  }
}

function stamped(at: string): Row {
  return { created_at: at, updated_at: at }
}

function userOf(tenant: Tenant): number | null {
  return tenant.users[0]?.id ?? null
}
