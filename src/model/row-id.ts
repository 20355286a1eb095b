/** The rows that come before the service window, a day or more ahead, in their usual order. */
export const prerequisiteIds = [
  'access-granted',
  'access-confirmed',
  'migration-cluster-ready',
  'standalone-vpc',
  'migration-databases',
  'workspace',
  'exchange-bucket',
  'exchange-granted',
  'exchange-confirmed',
  'destination-idp',
  'custom-domain',
  'rhoam-install',
  'rhoam-freeze',
  'access-narrowed',
  'rollback-ready',
] as const

/** The rows of the migration itself, step 1 to step 25, and what the document forgets. */
export const stepIds = [
  'quiesce',
  'dump',
  'load-system-database',
  'upgrade-mysql',
  'convert-to-postgres',
  'routes-to-migration',
  'scale-down',
  'plug-in',
  'scale-up',
  'upgrade-3scale',
  'routes-to-destination',
  'backup-postgres',
  'seed-destination',
  'restore-redis',
  'file-storage',
  'secrets-to-destination',
  'scale-up-destination',
  'enterprise-plan',
  'confirm-3scale',
  'default-tenant',
  'rhoam-scale-up',
  'rhoam-complete',
  'sso-integration',
  'publish-sso',
  'verify',
  'new-routes',
] as const

export const rowIds = [...prerequisiteIds, ...stepIds] as const
export type StepId = (typeof stepIds)[number]
export type RowId = (typeof rowIds)[number]

/** Rows that the document by hand does not have; their numbers are those of the rows before them with a `+`. */
export const rowsBeyond: ReadonlySet<RowId> = new Set(['access-narrowed', 'file-storage'])
