import { Fault } from '../../../base/fault.ts'
import type { SourceSession } from '../source-session.ts'

/** Sessions that all read one and the same moment of the source. */
export interface SharedSnapshot {
  readonly sources: readonly [SourceSession, ...SourceSession[]]
  /** Where the source's log stood at that moment; null when it does not say. */
  readonly position: string | null
  /** What could not be had, a sentence each. */
  readonly notes: readonly string[]
}

/** Opens further sessions, as many as the source lets us have. */
export async function openOthers<Session extends SourceSession>(
  openAnother: () => Promise<Session>,
  count: number,
): Promise<readonly Session[]> {
  const others: Session[] = []
  while (others.length < count) {
    try {
      others.push(await openAnother())
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      break
    }
  }
  return others
}
