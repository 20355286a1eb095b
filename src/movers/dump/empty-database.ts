import type { EmptyRequest } from '../../ports/dump.ts'
import type { Programs } from '../../ports/programs.ts'
import { emptyMysql } from './load-mysql.ts'
import { emptyPostgres } from './load-postgres.ts'
import { formatOf } from './take-dump.ts'

/** See `DumpMover.empty`. */
export async function emptyDatabase(programs: Programs, request: EmptyRequest): Promise<void> {
  await (formatOf(request.database) === 'postgres' ? emptyPostgres : emptyMysql)(programs, request)
}
