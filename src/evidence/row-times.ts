import type { JournalRecord } from '../model/evidence.ts'
import { memberNumber } from './members.ts'

/**
 * How long parties' agents worked on each row, by verb, in milliseconds, without waiting for people and for each other; in the
 * order of the rows' first verbs. A verb that ran again counts with its last run.
 */
export function rowTimes(records: readonly JournalRecord[]): ReadonlyMap<string, Readonly<Record<string, number>>> {
  const times = new Map<string, Record<string, number>>()
  for (const { statement } of records) {
    const { kind, row, verb, body } = statement
    const tookMs = memberNumber(body, 'tookMs')
    if (kind !== 'verb-reported' || row === null || verb === null || tookMs === null) continue
    const verbs = times.get(row) ?? {}
    verbs[verb] = tookMs
    times.set(row, verbs)
  }
  return times
}
