import type { Outline } from '../outline.ts'
import type { TableRows } from '../rows.ts'
import { type FewRow, fewRows, stamped, userOf } from './few-rows.ts'

/** Tables that today's 3scale no longer fills. Old installations still have rows in them, so the world has a few too. */
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

/** A handful of rows for each of them. */
export function deadTables(outline: Outline): TableRows[] {
  const rowsOf = (make: FewRow) => fewRows(outline, make)
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
  ]
}
