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
  'rollback-ready',
] as const

/** The rows of the migration itself, step 1 to step 25. */
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
