import type { Clock } from '../../base/clock.ts'
import { describeAddress } from '../../model/database-address.ts'
import type { LoadReport, LoadRequest } from '../../ports/dump.ts'
import type { Programs } from '../../ports/programs.ts'
import { checkFile } from './checked-file.ts'
import { fault } from './faults.ts'
import { loadMysql } from './load-mysql.ts'
import { loadPostgres } from './load-postgres.ts'
import { formatOf } from './take-dump.ts'

/** See `DumpMover.load`. The file is read twice: before anything is touched, and while it is loaded. */
export async function loadDump(programs: Programs, clock: Clock, request: LoadRequest): Promise<LoadReport> {
  const { file, receipt, into, signal, onProgress } = request
  if (formatOf(into) !== receipt.format) {
    throw fault('DUMP_OTHER_ENGINE', { format: receipt.format, engine: describeAddress(into) })
  }
  await checkFile(file, receipt, signal)
  const began = clock.elapsedMs()
  const onBytes = (bytes: number) =>
    onProgress({ bytes, totalBytes: receipt.bytes, elapsedMs: clock.elapsedMs() - began })
  const load = receipt.format === 'postgres' ? loadPostgres : loadMysql
  const tables = await load(programs, request, onBytes)
  return { bytes: receipt.bytes, sha256: receipt.sha256, tables, tookMs: clock.elapsedMs() - began }
}
