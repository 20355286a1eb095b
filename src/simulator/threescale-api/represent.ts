import type { Installation } from './installation.ts'
import { Digits, type Fields, type Value } from './reply.ts'
import type { Cell, Row } from './system-database.ts'

/*
 * Rows of the system database as 3scale's API shows them. Source: porta `app/representers/*.rb`; links are left out.
 */

export function id(cell: Cell | undefined): Digits | null {
  return cell === null || cell === undefined ? null : new Digits(String(cell))
}

/** A date of the database in the form of the API; null stays null. */
export function time(cell: Cell | undefined): string | null {
  return cell === null || cell === undefined ? null : `${String(cell).slice(0, 19).replace(' ', 'T')}Z`
}

/** Ids of other rows; a `client_id` or an application's `application_id` is text of its own. */
const ids: ReadonlySet<string> = new Set(['id', 'account_id', 'service_id', 'plan_id'])

/** Ids and dates by their names; all else as it is. As 3scale does, what is nil is left out. */
function plain(row: Row, ...names: readonly string[]): Fields {
  const fields: Record<string, Value> = {}
  for (const name of names) {
    const cell = row[name]
    if (cell === null || cell === undefined) continue
    if (ids.has(name)) fields[name] = id(cell)
    else fields[name] = name.endsWith('_at') ? time(cell) : cell
  }
  return fields
}

export function account(installation: Installation, row: Row): Fields {
  const noReply = `no-reply@${installation.superdomain}`
  const hosts: Fields =
    row['provider'] === true || row['master'] === true
      ? {
          admin_domain: row['self_domain'] ?? null,
          domain: row['domain'] ?? null,
          admin_base_url: `https://${row['self_domain']}`,
          base_url: `https://${row['domain']}`,
          // A tenant that has no address of its own sends with the installation's.
          from_email: row['from_email'] || noReply,
          ...plain(row, 'support_email', 'finance_support_email', 'site_access_code'),
        }
      : {}
  return { ...plain(row, 'id', 'created_at', 'updated_at'), ...hosts, ...plain(row, 'state', 'org_name') }
}

export function user(row: Row): Fields {
  return plain(row, 'id', 'created_at', 'updated_at', 'account_id', 'state', 'role', 'username', 'email')
}

export function service(row: Row): Fields {
  return plain(
    row,
    'id',
    'name',
    'state',
    'system_name',
    'backend_version',
    'deployment_option',
    'support_email',
    'description',
    'intentions_required',
    'buyers_manage_apps',
    'buyers_manage_keys',
    'referrer_filters_required',
    'custom_keys_enabled',
    'buyer_key_regenerate_enabled',
    'mandatory_app_key',
    'buyer_can_select_plan',
    'buyer_plan_change_permission',
    'created_at',
    'updated_at',
  )
}

export function backendApi(row: Row): Fields {
  return plain(
    row,
    'id',
    'name',
    'system_name',
    'description',
    'private_endpoint',
    'account_id',
    'created_at',
    'updated_at',
  )
}

/** `row` also holds its service's `backend_version`, and the application's first key. */
export function application(row: Row): Fields {
  const common = {
    ...plain(row, 'id', 'state', 'created_at', 'updated_at', 'service_id', 'plan_id'),
    account_id: id(row['user_account_id']),
    ...plain(row, 'name', 'description'),
    // These few are shown though they are nil.
    first_traffic_at: time(row['first_traffic_at']),
    first_daily_traffic_at: time(row['first_daily_traffic_at']),
    enabled: row['state'] === 'live',
  }
  switch (String(row['backend_version'])) {
    case '1':
      return { ...common, user_key: row['user_key'] ?? null, provider_verification_key: null }
    case '2':
      return { ...common, application_id: row['application_id'] ?? null }
    default:
      return {
        ...common,
        application_id: row['application_id'] ?? null,
        redirect_url: row['redirect_url'] ?? null,
        client_id: row['application_id'] ?? null,
        client_secret: row['first_key'] ?? null,
      }
  }
}

/** `row` also says what its service's default plan is. */
export function applicationPlan(row: Row): Fields {
  return {
    ...plain(row, 'id', 'name', 'state', 'system_name'),
    setup_fee: Number(row['setup_fee']),
    cost_per_month: Number(row['cost_per_month']),
    trial_period_days: Number(row['trial_period_days'] ?? 0),
    cancellation_period: Number(row['cancellation_period']),
    ...plain(row, 'approval_required'),
    default: row['default_application_plan_id'] === row['id'],
    custom: String(row['original_id']) !== '0',
    ...plain(row, 'created_at', 'updated_at'),
  }
}

export function proxy(row: Row): Fields {
  return plain(
    row,
    'service_id',
    'endpoint',
    'sandbox_endpoint',
    'deployed_at',
    'credentials_location',
    'auth_app_key',
    'auth_app_id',
    'auth_user_key',
    'error_auth_failed',
    'error_auth_missing',
    'error_no_match',
    'secret_token',
    'hostname_rewrite',
    'oauth_login_url',
    'api_test_path',
    'api_test_success',
    'oidc_issuer_endpoint',
    'oidc_issuer_type',
    'created_at',
    'updated_at',
  )
}

export function authenticationProvider(row: Row, host: string): Fields {
  return {
    ...plain(
      row,
      'id',
      'kind',
      'account_type',
      'name',
      'system_name',
      'client_id',
      'client_secret',
      'site',
      'token_url',
      'user_info_url',
      'authorize_url',
      'skip_ssl_certificate_verification',
      'automatically_approve_accounts',
      'account_id',
      'username_key',
      'identifier_key',
      'trust_email',
      'published',
      'created_at',
      'updated_at',
    ),
    callback_url: `https://${host}/auth/${row['system_name']}/callback`,
  }
}
