import type { Clock } from '../../base/clock.ts'
import type { DumpMover } from '../../ports/dump.ts'
import type { Programs } from '../../ports/programs.ts'
import { emptyDatabase } from './empty-database.ts'
import { loadDump } from './load-dump.ts'
import { takeDump } from './take-dump.ts'

/** Dumps and loads by the database's own programs, wherever `programs` runs them; the file is on this machine. */
export function dumpMover(programs: Programs, clock: Clock): DumpMover {
  return {
    dump: (request) => takeDump(programs, clock, request),
    load: (request) => loadDump(programs, clock, request),
    empty: (request) => emptyDatabase(programs, request),
  }
}
