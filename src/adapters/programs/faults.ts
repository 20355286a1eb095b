import { exitCode, type FaultCatalogue, faultsOf, kind } from '../../base/fault.ts'

export const programFaults = {
  PROGRAM_MISSING: kind<{ program: string; searched: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `the program ${d.program} is not on this machine (searched: ${d.searched})`,
    remedy: () => 'Install it: `npm run setup` brings the clients of PostgreSQL and MariaDB.',
  }),
  PROGRAM_NOT_STARTED: kind<{ program: string; reason: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `the program ${d.program} cannot be started (${d.reason})`,
    remedy: () => 'Check its rights and the memory of this machine, and run the same command again.',
  }),
  PROGRAM_SECRET_FILE: kind<{ folder: string; reason: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `no private file for a password can be written below ${d.folder} (${d.reason})`,
    remedy: () => 'Make room there, or set TMPDIR to a folder that only you can read.',
  }),
} satisfies FaultCatalogue

export const fault = faultsOf(programFaults)
