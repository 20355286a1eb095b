import type { ClientBase } from 'pg'
import { canonicalJson } from '../../base/canonical-json.ts'
import type { Statement } from '../../model/evidence.ts'
import { isInJournal } from '../journal/read.ts'
import { fault } from './faults.ts'

/**
 * Lets a party's statement pass only when it is the one that the control plane itself would make, and had seen nothing that
 * is not in the journal. `about`: a task, or a row.
 *
 * Faults: AGENT_STATEMENT_MISMATCH.
 */
export async function demandStatement(
  tx: ClientBase,
  about: string,
  expected: Statement,
  stated: Statement,
): Promise<void> {
  for (const [what, value] of Object.entries(expected)) {
    const found: unknown = Object.entries(stated).find(([name]) => name === what)?.[1]
    if (canonicalJson(found ?? null) !== canonicalJson(value)) throw fault('AGENT_STATEMENT_MISMATCH', { about, what })
  }
  const { seen, migration } = stated
  if (seen !== null && !(await isInJournal(tx, migration, seen))) {
    throw fault('AGENT_STATEMENT_MISMATCH', { about, what: 'seen' })
  }
}
