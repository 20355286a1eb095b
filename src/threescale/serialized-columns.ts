import type { TableName } from './catalog.ts'

/**
 * What a text or binary column holds inside.
 *
 * `yaml`: Ruby objects, symbols and big decimals as Ruby's own YAML writes them. `json`: compared as strings in places.
 * `token`: a credential in clear. `digest`: of a password.
 */
export type Content = 'yaml' | 'json' | 'token' | 'digest'

type ContentTable = Readonly<Partial<Record<TableName, Readonly<Record<string, Content>>>>>

/**
 * The columns that must arrive byte for byte: no trimming, no Unicode normalisation, no parsing and writing again.
 *
 * Tokens and digests must further never be printed. Source: `serialize` and `store` in porta `app/models`, and the
 * authentication code in `app/lib` and `app/models/user`.
 */
export const serializedColumns = {
  access_tokens: { scopes: 'yaml', value: 'token' },
  accounts: { extra_fields: 'yaml', site_access_code: 'token' },
  api_docs_services: { body: 'json' },
  application_keys: { value: 'token' },
  audits: { audited_changes: 'yaml' },
  authentication_providers: { client_secret: 'token' },
  backend_events: { data: 'yaml' },
  cinstances: { extra_fields: 'yaml', user_key: 'token' },
  cms_files: { random_secret: 'token' },
  cms_templates: { options: 'yaml' },
  cms_templates_versions: { options: 'yaml' },
  deleted_objects: { metadata: 'yaml' },
  email_configurations: { password: 'token' },
  event_store_events: { data: 'yaml', metadata: 'yaml' },
  fields_definitions: { choices: 'yaml' },
  gateway_configurations: { settings: 'json' },
  go_live_states: { steps: 'yaml' },
  invitations: { token: 'token' },
  member_permissions: { service_ids: 'json' },
  messages: { headers: 'yaml' },
  notification_preferences: { preferences: 'json' },
  oidc_configurations: { config: 'json' },
  payment_gateway_settings: { gateway_settings: 'yaml' },
  payment_transactions: { params: 'yaml' },
  policies: { schema: 'json' },
  profiles: { customers_type: 'yaml' },
  provided_access_tokens: { value: 'token' },
  proxies: { policies_config: 'json', secret_token: 'token' },
  proxy_configs: { content: 'json' },
  service_tokens: { value: 'token' },
  services: { notification_settings: 'yaml' },
  settings: { cms_token: 'token', janrain_api_key: 'token', sso_key: 'token' },
  sso_authorizations: { id_token: 'token' },
  user_sessions: { key: 'token' },
  users: {
    activation_code: 'token',
    crypted_password: 'digest',
    email_verification_code: 'token',
    extra_fields: 'yaml',
    lost_password_token: 'token',
    password_digest: 'digest',
    remember_token: 'token',
    salt: 'digest',
  },
} as const satisfies ContentTable

/** What a column holds inside, or null for a plain value. */
export function contentOf(table: string, column: string): Content | null {
  const contents: Readonly<Record<string, Readonly<Record<string, Content>>>> = serializedColumns
  return contents[table]?.[column] ?? null
}

/** True for a column whose values must never be printed. */
export function isSecretColumn(table: string, column: string): boolean {
  const content = contentOf(table, column)
  return content === 'token' || content === 'digest'
}
