import { exitCode, type FaultCatalogue, faultsOf, kind } from '../../base/fault.ts'

const exit = exitCode.failedSafe

/** What can go wrong with a dump. None holds a statement or a row: programs' own words are left out. */
export const dumpFaults = {
  DUMP_FILE_THERE: kind<{ file: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `${d.file} is there already; a dump is written over nothing`,
    remedy: () => 'Give another name, or move the old one away.',
  }),
  DUMP_FILE_FAILED: kind<{ file: string; reason: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `${d.file} cannot be read or written (${d.reason})`,
    remedy: () => 'Correct its path or rights, or make room, and run the same command again.',
  }),
  DUMP_PROGRAM_FAILED: kind<{ program: string; exitCode: string; reason: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `${d.program} gave up with exit code ${d.exitCode}: ${d.reason}; no dump was kept`,
    remedy: () => 'Correct address, password or version of the program, and run the same command again.',
  }),
  DUMP_CUT: kind<{ what: string; bytes: number }>({
    exit,
    retry: 'same-input',
    says: (d) => `${d.what} ends after ${d.bytes} bytes without the line by which a whole dump ends; it is not used`,
    remedy: () => 'Make the dump again: the stream was cut off, whatever exit code the program had.',
  }),
  DUMP_NOT_THE_ONE: kind<{ file: string; property: string; found: string; expected: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) =>
      `${d.file} is not the dump that is meant: its ${d.property} is ${d.found}, and ${d.expected} is expected`,
    remedy: () => 'Give the file that the receipt is of. Names are no proof: an older dump may have the same one.',
  }),
  DUMP_OTHER_ENGINE: kind<{ format: string; engine: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `a dump of the format ${d.format} cannot be loaded into ${d.engine}`,
    remedy: () => 'Load it into its own kind first; `threeshift db copy` converts MySQL into PostgreSQL.',
  }),
  DUMP_TARGET_NOT_EMPTY: kind<{ place: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `${d.place} is not empty; nothing was loaded`,
    remedy: () => 'Take a snapshot of it, and have it emptied first; or give an empty database.',
  }),
  DUMP_LOAD_FAILED: kind<{ place: string; program: string; code: string; after: string }>({
    exit,
    retry: 'after-remedy',
    says: (d) => `${d.program} stopped at the first error (${d.code}) while it loaded into ${d.place}; ${d.after}`,
    remedy: () =>
      'Look the code up in the manual of the database (1227 and 42501: a right is missing; 53100: its disk is full), correct it, and load again.',
  }),
} satisfies FaultCatalogue

export const fault = faultsOf(dumpFaults)
