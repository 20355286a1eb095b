import type { Size } from '../model/forecast.ts'
import type { StepId } from '../model/row-id.ts'

/** What a row's time depends on. */
export interface RowCost {
  /** What it grows with; null: it takes the same however much there is. */
  readonly grows: keyof Size | null
  /**
   * The least and the most minutes that real clusters, clouds and people usually need in it; a simulated world needs next to
   * nothing of it. Per hop for the upgrade.
   */
  readonly usualMinutes: readonly [number, number]
}

/**
 * The steps' costs. What a row grows with follows from what it does. The minutes are estimates of ours and nobody has measured them,
 * but for the engine upgrade of RDS, whose 5 to 30 are AWS's; a rehearsal on real clusters takes their place.
 */
export const rowCosts: Readonly<Record<StepId, RowCost>> = {
  quiesce: { grows: 'tenants', usualMinutes: [5, 20] },
  dump: { grows: 'bytes', usualMinutes: [1, 5] },
  'load-system-database': { grows: 'bytes', usualMinutes: [0, 2] },
  'upgrade-mysql': { grows: null, usualMinutes: [5, 30] },
  'convert-to-postgres': { grows: 'rows', usualMinutes: [0, 1] },
  'routes-to-migration': { grows: 'tenants', usualMinutes: [0, 1] },
  'scale-down': { grows: null, usualMinutes: [1, 3] },
  'plug-in': { grows: null, usualMinutes: [1, 3] },
  'scale-up': { grows: 'tenants', usualMinutes: [4, 12] },
  'upgrade-3scale': { grows: 'bytes', usualMinutes: [8, 20] },
  'routes-to-destination': { grows: 'tenants', usualMinutes: [1, 4] },
  'backup-postgres': { grows: 'bytes', usualMinutes: [0, 1] },
  'seed-destination': { grows: 'bytes', usualMinutes: [5, 15] },
  'restore-redis': { grows: 'keys', usualMinutes: [1, 30] },
  'file-storage': { grows: null, usualMinutes: [1, 30] },
  'secrets-to-destination': { grows: null, usualMinutes: [0, 2] },
  'scale-up-destination': { grows: 'tenants', usualMinutes: [5, 15] },
  'enterprise-plan': { grows: null, usualMinutes: [1, 2] },
  'confirm-3scale': { grows: 'tenants', usualMinutes: [0, 2] },
  'default-tenant': { grows: null, usualMinutes: [0, 2] },
  'rhoam-scale-up': { grows: null, usualMinutes: [1, 3] },
  'rhoam-complete': { grows: null, usualMinutes: [10, 40] },
  'sso-integration': { grows: 'tenants', usualMinutes: [1, 5] },
  'publish-sso': { grows: 'tenants', usualMinutes: [5, 30] },
  verify: { grows: 'rows', usualMinutes: [5, 20] },
  'new-routes': { grows: null, usualMinutes: [5, 30] },
}
