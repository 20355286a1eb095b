import type { TableName } from './catalog.ts'

/**
 * What a text or binary column holds inside, by its form.
 *
 * `yaml`: Ruby objects, symbols and big decimals as Ruby's own YAML writes them. `json`: compared as strings in places.
 */
export type Content = 'yaml' | 'json'

/** How a column holds credentials. `token`: one in clear. `digest`: that of a password. `inside`: among other things. */
export type Credentials = 'token' | 'digest' | 'inside'

type ByColumn<What> = Readonly<Partial<Record<TableName, Readonly<Record<string, What>>>>>

/**
 * The columns that must arrive byte for byte: no trimming, no Unicode normalisation, no parsing and writing again.
 *
 * Source: `serialize` and `store` in porta `app/models`.
 */
export const serializedColumns = {
  access_tokens: { scopes: 'yaml' },
  accounts: { extra_fields: 'yaml' },
  api_docs_services: { body: 'json' },
  audits: { audited_changes: 'yaml' },
  backend_events: { data: 'yaml' },
  cinstances: { extra_fields: 'yaml' },
  cms_templates: { options: 'yaml' },
  cms_templates_versions: { options: 'yaml' },
  deleted_objects: { metadata: 'yaml' },
  event_store_events: { data: 'yaml', metadata: 'yaml' },
  fields_definitions: { choices: 'yaml' },
  gateway_configurations: { settings: 'json' },
  go_live_states: { steps: 'yaml' },
  member_permissions: { service_ids: 'json' },
  messages: { headers: 'yaml' },
  notification_preferences: { preferences: 'json' },
  oidc_configurations: { config: 'json' },
  payment_gateway_settings: { gateway_settings: 'yaml' },
  payment_transactions: { params: 'yaml' },
  policies: { schema: 'json' },
  profiles: { customers_type: 'yaml' },
  proxies: { policies_config: 'json' },
  proxy_configs: { content: 'json' },
  services: { notification_settings: 'yaml' },
  users: { extra_fields: 'yaml' },
} as const satisfies ByColumn<Content>

/**
 * The columns whose values must never be printed, and must arrive byte for byte like the others.
 *
 * Source: the authentication code in porta `app/lib` and `app/models/user`; `app/models/payment_gateway_setting.rb`;
 * `app/models/proxy.rb`, whose issuer is a URL with client id and secret, and its policies and configurations, in which
 * gateways find theirs.
 */
export const secretColumns = {
  access_tokens: { value: 'token' },
  accounts: { site_access_code: 'token' },
  application_keys: { value: 'token' },
  authentication_providers: { client_secret: 'token' },
  cinstances: { user_key: 'token' },
  cms_files: { random_secret: 'token' },
  email_configurations: { password: 'token' },
  invitations: { token: 'token' },
  partners: { api_key: 'token' },
  payment_gateway_settings: { gateway_settings: 'inside' },
  provided_access_tokens: { value: 'token' },
  proxies: { oidc_issuer_endpoint: 'inside', policies_config: 'inside', secret_token: 'token' },
  proxy_configs: { content: 'inside' },
  service_tokens: { value: 'token' },
  settings: { cms_token: 'token', janrain_api_key: 'token', sso_key: 'token' },
  sso_authorizations: { id_token: 'token' },
  user_sessions: { key: 'token' },
  users: {
    activation_code: 'token',
    crypted_password: 'digest',
    email_verification_code: 'token',
    lost_password_token: 'token',
    password_digest: 'digest',
    remember_token: 'token',
    salt: 'digest',
  },
} as const satisfies ByColumn<Credentials>

/** What a column holds inside, or null for a plain value. */
export function contentOf(table: string, column: string): Content | null {
  return lookUp(serializedColumns, table, column)
}

/** How a column holds credentials, or null when it holds none. */
export function credentialsIn(table: string, column: string): Credentials | null {
  return lookUp(secretColumns, table, column)
}

/** True for a column whose values must never be printed. */
export function isSecretColumn(table: string, column: string): boolean {
  return credentialsIn(table, column) !== null
}

function lookUp<What>(
  columns: Readonly<Record<string, Readonly<Record<string, What>>>>,
  table: string,
  column: string,
): What | null {
  return columns[table]?.[column] ?? null
}
