import type { TableName } from './catalog.ts'
import type { ReleaseRange } from './release-range.ts'

/**
 * How a row that is inserted without a tenant_id gets one. The master is the account whose `master` flag is true.
 *
 * "Unless it is the master" is a comparison with the master's id: without a master account there is nothing to compare
 * with, and tenant_id stays NULL.
 */
export type TenantRule =
  /** Accounts: a buyer belongs to its provider; anyone else gets none. */
  | { readonly kind: 'buyer-provider' }
  /** The value of the row's own `column`; see `OwnRule`. */
  | OwnRule
  /** The tenant_id of the row of `table` whose id is in `by`. */
  | LookupRule
  /** The tenant_id of the account in `by`, unless that account is the master. */
  | AccountRule
  /** What the row's `type` column says picks the rule, applied to the id in `by`; any other type gets none. */
  | {
      readonly kind: 'by-type'
      readonly type: string
      readonly by: string
      readonly cases: Readonly<
        Record<string, { readonly kind: 'own' } | { readonly kind: 'lookup'; readonly table: TableName }>
      >
    }
  /** Invoices: the provider unless it is the master; a chosen number further raises the provider's invoice counter. */
  | { readonly kind: 'invoice' }

/** `unless-master-or-unknown` is `unless-master`, but without a master account the value is taken. */
export interface OwnRule {
  readonly kind: 'own'
  readonly column: string
  readonly takes: 'always' | 'unless-master' | 'unless-master-or-unknown'
}

export interface LookupRule {
  readonly kind: 'lookup'
  readonly table: TableName
  readonly by: string
  readonly takes: 'always' | 'unless-master'
}

/** `nullFlag`: how an account whose `master` is NULL counts, as most do. */
export interface AccountRule {
  readonly kind: 'account'
  readonly by: string
  readonly nullFlag: 'tenant' | 'ignored'
}

/** A rule and the releases that it holds in; all of them when nothing is said. */
export type RuleInRange = TenantRule & { readonly in?: ReleaseRange }

const own = (column: string): OwnRule => ({ kind: 'own', column, takes: 'unless-master' })
const lookup = (table: TableName, by: string): LookupRule => ({ kind: 'lookup', table, by, takes: 'unless-master' })
const account = (by: string): readonly RuleInRange[] => [
  { kind: 'account', by, nullFlag: 'ignored', in: { until: '2.11' } },
  { kind: 'account', by, nullFlag: 'tenant', in: { since: '2.12' } },
]

/**
 * The rule of every table that has a tenant trigger; several where releases differ.
 *
 * Source: porta `lib/system/database/definitions/mysql.rb` and `postgres.rb` at each release.
 */
export const tenantRuleTable: Readonly<Partial<Record<TableName, readonly RuleInRange[]>>> = {
  accounts: [{ kind: 'buyer-provider' }],

  // The row names its tenant itself.
  api_docs_services: [own('account_id')],
  billing_strategies: [own('account_id')],
  categories: [own('account_id')],
  category_types: [own('account_id')],
  email_configurations: [own('account_id')],
  fields_definitions: [own('account_id')],
  forums: [own('account_id')],
  go_live_states: [own('account_id')],
  legal_terms: [own('account_id')],
  payment_gateway_settings: [own('account_id')],
  services: [own('account_id')],
  tags: [own('account_id')],
  web_hooks: [own('account_id')],
  audits: [own('provider_id')],
  cms_files: [own('provider_id')],
  cms_groups: [own('provider_id')],
  cms_redirects: [own('provider_id')],
  cms_sections: [own('provider_id')],
  cms_templates: [{ kind: 'own', column: 'provider_id', takes: 'unless-master-or-unknown' }],
  cms_templates_versions: [own('provider_id')],
  event_store_events: [
    { kind: 'own', column: 'provider_id', takes: 'always', in: { until: '2.15' } },
    { ...own('provider_id'), in: { since: '2.16' } },
  ],
  provider_constraints: [{ kind: 'own', column: 'provider_id', takes: 'always' }],
  invoices: [{ kind: 'invoice' }],

  // The row belongs to a record of the tenant.
  alerts: account('account_id'),
  backend_apis: account('account_id'),
  log_entries: account('provider_id'),
  authentication_providers: [lookup('accounts', 'account_id')],
  invitations: [lookup('accounts', 'account_id')],
  mail_dispatch_rules: [lookup('accounts', 'account_id')],
  onboardings: [
    { ...own('account_id'), in: { until: '2.15' } },
    { ...lookup('accounts', 'account_id'), in: { since: '2.16' } },
  ],
  payment_details: [lookup('accounts', 'account_id')],
  policies: [lookup('accounts', 'account_id')],
  profiles: [lookup('accounts', 'account_id')],
  settings: [lookup('accounts', 'account_id')],
  users: [lookup('accounts', 'account_id')],
  messages: [lookup('accounts', 'sender_id')],
  message_recipients: [lookup('messages', 'message_id')],
  access_tokens: [lookup('users', 'owner_id')],
  member_permissions: [{ ...lookup('users', 'user_id'), takes: 'always' }],
  notification_preferences: [lookup('users', 'user_id')],
  provided_access_tokens: [lookup('users', 'user_id')],
  sso_authorizations: [lookup('users', 'user_id')],
  metrics: [lookup('services', 'service_id')],
  proxies: [lookup('services', 'service_id')],
  service_tokens: [lookup('services', 'service_id')],
  gateway_configurations: [lookup('proxies', 'proxy_id')],
  // Whatever oidc_configurable_type says, the id is looked up among the proxies.
  oidc_configurations: [lookup('proxies', 'oidc_configurable_id')],
  proxy_configs: [lookup('proxies', 'proxy_id')],
  proxy_rules: [lookup('proxies', 'proxy_id')],
  backend_api_configs: [lookup('backend_apis', 'backend_api_id')],
  cinstances: [lookup('plans', 'plan_id')],
  plan_metrics: [lookup('plans', 'plan_id')],
  pricing_rules: [lookup('plans', 'plan_id')],
  features_plans: [lookup('features', 'feature_id')],
  usage_limits: [lookup('metrics', 'metric_id')],
  application_keys: [lookup('cinstances', 'application_id')],
  referrer_filters: [lookup('cinstances', 'application_id')],
  line_items: [lookup('invoices', 'invoice_id')],
  payment_intents: [lookup('invoices', 'invoice_id')],
  payment_transactions: [lookup('invoices', 'invoice_id')],
  cms_group_sections: [{ ...lookup('cms_groups', 'group_id'), takes: 'always' }],
  cms_permissions: [{ ...lookup('cms_groups', 'group_id'), takes: 'always' }],
  legal_term_acceptances: [lookup('legal_terms', 'legal_term_id')],
  legal_term_bindings: [lookup('legal_terms', 'legal_term_id')],
  legal_term_versions: [lookup('legal_terms', 'legal_term_id')],
  moderatorships: [lookup('forums', 'forum_id')],
  posts: [lookup('forums', 'forum_id')],
  topic_categories: [lookup('forums', 'forum_id')],
  topics: [lookup('forums', 'forum_id')],
  user_topics: [lookup('topics', 'topic_id')],
  taggings: [lookup('tags', 'tag_id')],

  // The row belongs to a record of the kind that its type column names.
  plans: [
    {
      kind: 'by-type',
      type: 'type',
      by: 'issuer_id',
      cases: {
        AccountPlan: { kind: 'own' },
        ApplicationPlan: { kind: 'lookup', table: 'services' },
        ServicePlan: { kind: 'lookup', table: 'services' },
      },
    },
  ],
  features: [
    {
      kind: 'by-type',
      type: 'featurable_type',
      by: 'featurable_id',
      cases: { Account: { kind: 'own' }, Service: { kind: 'lookup', table: 'services' } },
    },
  ],
  configuration_values: [
    {
      kind: 'by-type',
      type: 'configurable_type',
      by: 'configurable_id',
      cases: { Account: { kind: 'own' }, Service: { kind: 'lookup', table: 'services' } },
    },
  ],
  slugs: [
    {
      kind: 'by-type',
      type: 'sluggable_type',
      by: 'sluggable_id',
      cases: { Profile: { kind: 'lookup', table: 'profiles' }, Service: { kind: 'lookup', table: 'services' } },
    },
  ],
  annotations: [
    {
      kind: 'by-type',
      type: 'annotated_type',
      by: 'annotated_id',
      cases: {
        Account: { kind: 'lookup', table: 'accounts' },
        BackendApi: { kind: 'lookup', table: 'backend_apis' },
        Service: { kind: 'lookup', table: 'services' },
      },
    },
  ],
}

/** Tables that have a tenant_id and no trigger: an insert without one leaves it NULL. */
export const tenantIdWithoutTrigger = [
  'countries',
  'proxy_logs',
  'service_cubert_infos',
  'system_operations',
] as const satisfies readonly TableName[]
