import type { DBOSClient } from '@dbos-inc/dbos-sdk'
import type { Store } from './store.ts'
import { application } from './workflow-id.ts'

const keptDays = 30
const atOnce = 200

/**
 * Deletes what DBOS keeps of runs that ended a month ago: checkpoints, messages. What the engine's own tables and the
 * journal say of them stays.
 */
export async function deleteOldWorkflows(store: Store, dbos: DBOSClient): Promise<void> {
  const { rows } = await store.write((tx) =>
    tx.query<{ id: string }>(
      `SELECT workflow_uuid AS id FROM dbos.workflow_status
       WHERE status IN ('SUCCESS', 'ERROR', 'CANCELLED') AND application_version = $1
         AND updated_at < (extract(epoch FROM clock_timestamp() - make_interval(days => $2)) * 1000)::bigint
       LIMIT $3`,
      [application.version, keptDays, atOnce],
    ),
  )
  if (rows.length > 0) await dbos.deleteWorkflows(rows.map(({ id }) => id))
}
