import process from 'node:process'
import { postgresOfPgDump } from '../../src/adapters/servers/postgres-of-pg-dump.ts'

/** The folder of a PostgreSQL server that this machine's `pg_dump` can dump. */
export function systemPostgresPrograms(): string {
  return postgresOfPgDump(process.env.PATH)
}
