import { exitCode, type FaultCatalogue, faultsOf, kind } from '../base/fault.ts'

/** Faults that several areas meet alike. */
export const modelFaults = {
  MIGRATION_UNKNOWN: kind<{ migration: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `there is no migration ${d.migration}`,
    remedy: () => 'See `threeshift status` for those there are.',
  }),
} satisfies FaultCatalogue

/** Names the one that was asked for. */
export const unknownMigration = (migration: string) => faultsOf(modelFaults)('MIGRATION_UNKNOWN', { migration })
