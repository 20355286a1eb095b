import { exitCode, type FaultCatalogue, faultsOf, kind } from '../base/fault.ts'

export const ledgerFaults = {
  LEDGER_UNREADABLE: kind<{ file: string; line: number }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.file} is no ledger that this version can read: line ${d.line} is not an entry`,
    remedy: () => 'Give the ledger that the migration wrote, unchanged; a later version of Threeshift may be needed.',
  }),
  LEDGER_FILE_FAILED: kind<{ file: string; reason: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ledger ${d.file} cannot be read or written (${d.reason})`,
    remedy: () => 'Correct its path or rights, or make room; nothing is made that could not be noted first.',
  }),
  LEDGER_UNKNOWN_KIND: kind<{ kind: string; place: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `this version does not know how to remove a ${d.kind} of ${d.place}`,
    remedy: () => 'Clean up with the version that made it, or remove it by hand.',
  }),
} satisfies FaultCatalogue

export const fault = faultsOf(ledgerFaults)
