import type { EpochMs } from '../base/clock.ts'
import type { Decisions } from '../model/decision.ts'
import type { SourceWorldReport, SourceWorldRequest } from './source-world.ts'
import type { AssessReport, CopyReport, TableProgress, VerifyReport } from './system-database.ts'

export const rehearsalStages = ['servers', 'world', 'assess', 'copy', 'verify'] as const
export type RehearsalStage = (typeof rehearsalStages)[number]

export type RehearsalEvent =
  | { readonly kind: 'stage-began'; readonly stage: RehearsalStage; readonly says: string }
  | { readonly kind: 'stage-ended'; readonly stage: RehearsalStage; readonly tookMs: number; readonly says: string }
  | { readonly kind: 'rows-made'; readonly table: string; readonly rows: number }
  | { readonly kind: 'table'; readonly progress: TableProgress }

export interface RehearsalRequest {
  readonly world: Pick<SourceWorldRequest, 'release' | 'tenants' | 'scale' | 'seed' | 'edgeRows'>
  readonly decisions: Decisions
  readonly onEvent: (event: RehearsalEvent) => void
  readonly signal: AbortSignal
}

/** Everything a report says. Times are wall time on this machine, of this run. */
export interface RehearsalReport {
  /** `proven`: what was copied is equal. `stopped`: a decision was missing. */
  readonly verdict: 'proven' | 'different' | 'stopped'
  readonly startedAt: EpochMs
  readonly tookMs: number
  readonly seed: number
  readonly edgeRows: boolean
  readonly machine: {
    readonly cores: number
    readonly memoryBytes: number
    readonly node: string
    readonly targetVersion: string
  }
  readonly stages: readonly { readonly stage: RehearsalStage; readonly tookMs: number; readonly says: string }[]
  readonly world: SourceWorldReport
  readonly assess: AssessReport
  /** Absent after `stopped`. */
  readonly copy?: CopyReport
  readonly verify?: VerifyReport
  readonly decisions: Decisions
  readonly notChecked: readonly string[]
}

/** Moves a generated source on private servers of this machine, by the code that moves a customer's. */
export interface Rehearsal {
  /** Abort: ends the servers and throws the reason. The servers and their data are gone at the end either way. */
  run(request: RehearsalRequest): Promise<RehearsalReport>
}
