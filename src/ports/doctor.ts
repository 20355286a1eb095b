import type { Size } from '../model/forecast.ts'
import type { Migration } from '../model/migration.ts'
import type { Party } from '../model/party.ts'

/**
 * What one look came to. `warning`: a person should know. `decision`: somebody has to decide, and can. `no-go`: the migration
 * would fail. `unseen`: this party has no credentials for it, or was told not to look; another party's doctor sees it.
 */
export const standings = ['ok', 'warning', 'decision', 'no-go', 'unseen'] as const
export type Standing = (typeof standings)[number]

export const examinedPlaces = ['this machine', 'source', 'migration', 'destination'] as const
export type ExaminedPlace = (typeof examinedPlaces)[number]

/** One thing that was looked at. `fix`: the one thing to do about it; null where nothing is to be done. */
export interface Diagnosis {
  readonly place: ExaminedPlace
  readonly what: string
  readonly standing: Standing
  readonly says: string
  readonly fix: string | null
}

export interface Examination {
  readonly verdict: 'go' | 'decision' | 'no-go'
  readonly migration: string
  readonly party: Party
  readonly findings: readonly Diagnosis[]
  /** How much the source holds; null for a party that does not see it. */
  readonly size: Size | null
  readonly tookMs: number
}

export interface ExaminationRequest {
  readonly migration: Migration
  readonly party: Party
  /** Whether every value of the source's database is looked at, which reads it once. */
  readonly values: boolean
  readonly onFinding: (finding: Diagnosis) => void
  readonly signal: AbortSignal
}

/** Looks at all places of a migration with one party's credentials before anything is done. Changes nothing. */
export interface Doctor {
  /** A place that cannot be looked at is a finding, not a fault. Abort: ends the connections and throws the reason. */
  examine(request: ExaminationRequest): Promise<Examination>
  /** How much the source holds, by estimates. Faults: STEP_NO_ACCESS, DB_*, REDIS_*. */
  measureSource(request: Omit<ExaminationRequest, 'values' | 'onFinding'>): Promise<Size>
}
