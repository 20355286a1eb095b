import type { DBOSClient } from '@dbos-inc/dbos-sdk'
import type { Store } from './store.ts'
import { wakeTopic, workflowId } from './workflow-id.ts'

/** How much later than due a retry may be, by the database's clock, before it is taken for stranded; in milliseconds. */
const graceMs = 2000

/**
 * Wakes runs whose retry is due by the database's clock and has not begun: their wait goes by the clock of the process, which
 * somebody may have set back. A retry that began to wait later than now is taken for due as well. A waking too many does no harm.
 */
export async function wakeStranded(store: Store, dbos: DBOSClient): Promise<void> {
  await store.write(async (tx) => {
    const { rows } = await tx.query<{ migration: string; generation: number }>(
      `WITH clock AS (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now)
       UPDATE threeshift.rows SET state = state || jsonb_build_object('since', now, 'until', now)
       FROM clock, threeshift.migrations
       WHERE migrations.id = rows.migration AND state->>'kind' = 'retrying'
         AND ((state->>'until')::float8 + $1 < now OR (state->>'since')::float8 - $1 > now)
       RETURNING migration, generation`,
      [graceMs],
    )
    for (const { migration, generation } of rows) {
      await dbos.sendInTransaction(tx, workflowId(migration, generation), 'look', wakeTopic)
    }
  })
}
