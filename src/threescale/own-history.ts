import type { TableName } from './catalog.ts'

/**
 * Tables that a running 3scale writes into by itself, as its account of what happened: rows come, and none is changed.
 *
 * Its weekly and daily jobs also delete old ones from them. Source: porta `app/events`, `app/jobs`, `config/schedule.rb`.
 */
export const ownHistory = [
  'alerts',
  'audits',
  'backend_events',
  'deleted_objects',
  'event_store_events',
  'log_entries',
  'notifications',
  'user_sessions',
] as const satisfies readonly TableName[]

/** Rows that go with a user of a portal, by the column that names the user. Source: porta `app/models/user.rb`. */
export const goneWithUsers = [
  { table: 'access_tokens', column: 'owner_id' },
  { table: 'member_permissions', column: 'user_id' },
  { table: 'notification_preferences', column: 'user_id' },
  { table: 'provided_access_tokens', column: 'user_id' },
  { table: 'sso_authorizations', column: 'user_id' },
  { table: 'user_sessions', column: 'user_id' },
] as const satisfies readonly { readonly table: TableName; readonly column: string }[]
