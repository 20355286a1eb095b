import type { Clock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import type { Migration } from '../../model/migration.ts'
import type { Diagnosis, ExaminedPlace, Standing } from '../../ports/doctor.ts'
import type { Tools } from '../tools.ts'

/** What every look has at hand. */
export interface Patient {
  readonly tools: Tools
  readonly migration: Migration
  /** This machine's own. */
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** One thing to look at. It gives no finding where there is nothing to look at. */
export interface Look {
  readonly place: ExaminedPlace
  readonly what: string
  /** Null: nothing of the kind belongs to this migration. */
  examine(patient: Patient): Promise<Seen | null>
  /** What makes it, for something that need not be there yet: a row of the runbook. */
  readonly madeBy?: string
}

export interface Seen {
  readonly standing: Standing
  readonly says: string
  readonly fix: string | null
}

export function ok(says: string): Seen {
  return { standing: 'ok', says, fix: null }
}

export function warning(says: string, fix: string): Seen {
  return { standing: 'warning', says, fix }
}

export function decision(says: string, fix: string): Seen {
  return { standing: 'decision', says, fix }
}

export function noGo(says: string, fix: string): Seen {
  return { standing: 'no-go', says, fix }
}

/** What is not to be seen with these credentials; and what does not answer because it is not made yet. */
const noCredentials = new Set(['STEP_NO_ACCESS', 'REFERENCE_ENV_MISSING', 'REFERENCE_FILE_UNREADABLE'])
const silent = new Set([
  'DB_UNREACHABLE',
  'DB_UNKNOWN_DATABASE',
  'REDIS_UNREACHABLE',
  'STEP_NO_THREESCALE',
  'OPENSHIFT_NOT_FOUND',
])

/** Carries out one look; null where it gives no finding. A fault is a finding. Abort: throws the reason. */
export async function diagnose(look: Look, patient: Patient): Promise<Diagnosis | null> {
  const { place, what } = look
  try {
    const seen = await look.examine(patient)
    return seen === null ? null : { place, what, ...seen }
  } catch (error) {
    patient.signal.throwIfAborted()
    if (!(error instanceof Fault)) throw error
    if (noCredentials.has(error.code)) {
      return {
        place,
        what,
        standing: 'unseen',
        says: 'not seen by this party: it has no credentials for it',
        fix: null,
      }
    }
    if (look.madeBy !== undefined && silent.has(error.code)) {
      const says = `not there yet: ${error.message}`
      return { place, what, standing: 'warning', says, fix: `It comes with row ${look.madeBy}; look again after it.` }
    }
    return { place, what, standing: 'no-go', says: error.message, fix: error.remedy }
  }
}
