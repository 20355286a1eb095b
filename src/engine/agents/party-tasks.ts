import type { PartyTasks } from '../../ports/party-tasks.ts'
import type { Database } from '../journal/database.ts'

/** The tasks of parties' agents in the engine's database. */
export function databasePartyTasks(database: Database): PartyTasks {
  return {
    async request({ id, workflow, migration, party, row, verb, generation, payload }) {
      await database.write((tx) =>
        tx.query(
          `INSERT INTO threeshift.agent_task (id, workflow, migration, party, "row", verb, generation, payload)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
          [id, workflow, migration, party, row, verb, generation, JSON.stringify(payload)],
        ),
      )
    },
    async withdraw(migration, generation) {
      await database.write((tx) =>
        tx.query(
          `UPDATE threeshift.agent_task SET state = 'withdrawn'
           WHERE migration = $1 AND generation < $2 AND state IN ('waiting', 'leased')`,
          [migration, generation],
        ),
      )
    },
  }
}
