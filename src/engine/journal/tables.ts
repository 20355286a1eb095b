import { readFile } from 'node:fs/promises'
import type { Database } from './database.ts'

const files = ['journal.sql', '../agents/agents.sql'] as const

/** Makes the tables of the journal and of the parties' agents where they are missing; several processes may do so at once. */
export async function createAgentTables(database: Database): Promise<void> {
  const statements = await Promise.all(files.map((file) => readFile(new URL(file, import.meta.url), 'utf8')))
  await database.write(async (client) => {
    await client.query("SELECT pg_advisory_xact_lock(hashtext('threeshift tables'))")
    for (const statement of statements) await client.query(statement)
  })
}
