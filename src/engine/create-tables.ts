import { readFile } from 'node:fs/promises'
import { ensureSystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database'
import { GlobalLogger } from '@dbos-inc/dbos-sdk/internal/telemetry/logs'
import { Client } from 'pg'
import type { Secret } from '../base/secret.ts'
import type { OnEvent } from './events.ts'
import { loggerTo } from './runtime.ts'

/**
 * Makes or brings up to date what DBOS and the engine store. Whoever else starts at the same time waits: two that do it
 * at once would block each other for good.
 */
export async function createTables(url: Secret, onEvent: OnEvent): Promise<void> {
  const connectionString = url.reveal("create the engine's tables")
  const client = new Client({ connectionString })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query("SELECT pg_advisory_lock(hashtextextended('threeshift create tables', 0))")
    // What `DBOS.migrate` does, without its line on standard output, where only results belong.
    await ensureSystemDatabase(connectionString, new GlobalLogger(undefined, { logger: loggerTo(onEvent) }))
    await client.query(await readFile(new URL('schema.sql', import.meta.url), 'utf8'))
  } finally {
    // Ends the lock as well.
    await client.end()
  }
}
