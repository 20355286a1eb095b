import { type ExitCode, exitCode } from '../base/fault.ts'
import { never } from '../base/never.ts'
import type { MigrationStateKind } from '../ports/engine.ts'

/** What a state means to a script that waits for a migration. */
export function exitOf(state: MigrationStateKind): ExitCode {
  switch (state) {
    case 'done':
    case 'running':
      return exitCode.ok
    case 'waiting-for-person':
    case 'waiting-for-agent':
    case 'paused':
    case 'no-worker':
      return exitCode.waiting
    case 'failed-safe':
    case 'cancelled':
    case 'rolled-back':
      return exitCode.failedSafe
    case 'needs-rollback':
      return exitCode.rollbackNeeded
    default:
      return never(state)
  }
}
