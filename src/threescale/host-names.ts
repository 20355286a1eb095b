import type { TableName } from './catalog.ts'

/**
 * Whose a host name is.
 *
 * `authoritative`: 3scale decides by it. `snapshot`: a copy made when a configuration was promoted, still served.
 * `customer`: an address of the customer's own. `mail`: an address whose domain may be a host name. `free text`:
 * anything may stand there. `history`: what was true once.
 */
export type HostNameNature = 'authoritative' | 'snapshot' | 'customer' | 'mail' | 'free text' | 'history'

/**
 * What a new wildcard domain means for it.
 *
 * `rewrite`: the old suffix becomes the new one, other hosts stay. `report`: a person looks at what has the old suffix.
 * `leave`: nothing.
 */
export type OnNewDomain = 'rewrite' | 'report' | 'leave'

export interface HostNamePlace {
  readonly table: TableName
  readonly columns: readonly string[]
  readonly nature: HostNameNature
  readonly onNewDomain: OnNewDomain
  /** `host`: one bare name. `url`: with scheme or port. `hosts`: names between bars. The rest hold them somewhere. */
  readonly form: 'host' | 'url' | 'hosts' | 'json' | 'mail' | 'yaml' | 'text'
  readonly note?: string
}

/**
 * Where host names live in the system database. Zync's routes, callback URLs and links in mails are made from these.
 *
 * Source: porta `app/models/account/provider_domains.rb`, `app/models/proxy.rb`, `app/models/proxy_config.rb`, and the
 * models of the other tables.
 */
export const hostNames = [
  {
    table: 'accounts',
    columns: ['domain', 'self_domain'],
    nature: 'authoritative',
    onNewDomain: 'rewrite',
    form: 'host',
    note: 'Requests are matched exactly: lower case, no trailing space. A domain outside the old suffix is custom.',
  },
  {
    table: 'proxies',
    columns: ['endpoint', 'sandbox_endpoint'],
    nature: 'authoritative',
    onNewDomain: 'rewrite',
    form: 'url',
    note: 'Of services with deployment_option hosted; only the suffix, for long labels were shortened once.',
  },
  {
    table: 'proxies',
    columns: ['staging_domain', 'production_domain'],
    nature: 'authoritative',
    onNewDomain: 'rewrite',
    form: 'host',
    note: 'Derived from the endpoints when porta saves a proxy; SQL has to write both together.',
  },
  {
    table: 'proxy_configs',
    columns: ['hosts'],
    nature: 'snapshot',
    onNewDomain: 'rewrite',
    form: 'hosts',
    note: 'Looked up by the gateway; at least of the newest version of each environment.',
  },
  {
    table: 'proxy_configs',
    columns: ['content'],
    nature: 'snapshot',
    onNewDomain: 'rewrite',
    form: 'json',
    note: 'Together with hosts; the backend endpoint inside belongs to the old cluster too.',
  },
  {
    table: 'proxies',
    columns: ['hostname_rewrite', 'oauth_login_url', 'oidc_issuer_endpoint', 'api_test_path'],
    nature: 'customer',
    onNewDomain: 'report',
    form: 'url',
    note: 'oidc_issuer_endpoint may hold client credentials: report the host, never the value.',
  },
  {
    table: 'backend_apis',
    columns: ['private_endpoint'],
    nature: 'customer',
    onNewDomain: 'report',
    form: 'url',
    note: 'May be a Service of the old cluster or the old 3scale itself.',
  },
  {
    table: 'authentication_providers',
    columns: ['site', 'token_url', 'authorize_url', 'user_info_url'],
    nature: 'customer',
    onNewDomain: 'report',
    form: 'url',
    note: "Callback URLs change with the domain: the identity provider's list of redirects has to, too.",
  },
  {
    table: 'settings',
    columns: [
      'sso_login_url',
      'cas_server_url',
      'janrain_relying_party',
      'link_url',
      'cc_terms_path',
      'cc_privacy_path',
      'cc_refunds_path',
      'favicon',
      'tracker_code',
    ],
    nature: 'customer',
    onNewDomain: 'report',
    form: 'url',
  },
  {
    table: 'accounts',
    columns: ['from_email', 'support_email', 'finance_support_email'],
    nature: 'mail',
    onNewDomain: 'report',
    form: 'mail',
  },
  { table: 'services', columns: ['support_email'], nature: 'mail', onNewDomain: 'report', form: 'mail' },
  {
    table: 'email_configurations',
    columns: ['email', 'domain', 'address'],
    nature: 'mail',
    onNewDomain: 'report',
    form: 'mail',
  },
  {
    table: 'users',
    columns: ['email'],
    nature: 'mail',
    onNewDomain: 'report',
    form: 'mail',
    note: 'The first user of a tenant is seeded as admin@ its domain.',
  },
  { table: 'mail_dispatch_rules', columns: ['emails'], nature: 'mail', onNewDomain: 'report', form: 'mail' },
  {
    table: 'profiles',
    columns: ['company_url', 'blog_url', 'rssfeed_url'],
    nature: 'customer',
    onNewDomain: 'report',
    form: 'url',
  },
  { table: 'web_hooks', columns: ['url'], nature: 'customer', onNewDomain: 'report', form: 'url' },
  { table: 'cms_redirects', columns: ['source', 'target'], nature: 'free text', onNewDomain: 'report', form: 'text' },
  { table: 'cms_templates', columns: ['draft', 'published'], nature: 'free text', onNewDomain: 'report', form: 'text' },
  {
    table: 'cms_templates_versions',
    columns: ['draft', 'published'],
    nature: 'free text',
    onNewDomain: 'report',
    form: 'text',
  },
  {
    table: 'api_docs_services',
    columns: ['body', 'base_path'],
    nature: 'free text',
    onNewDomain: 'report',
    form: 'json',
    note: 'OpenAPI documents name servers and hosts; they can be rewritten where the customer asks for it.',
  },
  { table: 'proxy_rules', columns: ['redirect_url'], nature: 'free text', onNewDomain: 'report', form: 'url' },
  { table: 'cinstances', columns: ['redirect_url'], nature: 'customer', onNewDomain: 'report', form: 'url' },
  { table: 'messages', columns: ['body'], nature: 'free text', onNewDomain: 'report', form: 'text' },
  { table: 'partners', columns: ['logout_url'], nature: 'customer', onNewDomain: 'report', form: 'url' },
  {
    table: 'services',
    columns: ['kubernetes_service_link'],
    nature: 'customer',
    onNewDomain: 'report',
    form: 'text',
  },
  { table: 'accounts', columns: ['extra_fields'], nature: 'free text', onNewDomain: 'report', form: 'yaml' },
  { table: 'cinstances', columns: ['extra_fields'], nature: 'free text', onNewDomain: 'report', form: 'yaml' },
  { table: 'users', columns: ['extra_fields'], nature: 'free text', onNewDomain: 'report', form: 'yaml' },
  {
    table: 'event_store_events',
    columns: ['data'],
    nature: 'history',
    onNewDomain: 'leave',
    form: 'yaml',
    note: 'Events expire after a week.',
  },
  { table: 'notifications', columns: ['title'], nature: 'history', onNewDomain: 'leave', form: 'text' },
  { table: 'audits', columns: ['audited_changes'], nature: 'history', onNewDomain: 'leave', form: 'yaml' },
] as const satisfies readonly HostNamePlace[]

/** The places that a new wildcard domain treats so. */
export function hostNamesTo(onNewDomain: OnNewDomain): readonly HostNamePlace[] {
  return hostNames.filter((place: HostNamePlace) => place.onNewDomain === onNewDomain)
}
