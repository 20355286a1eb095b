import { exitCode, faultsOf, kind } from '../../base/fault.ts'

/** What can be wrong with a database that should be 3scale's, beside the faults of databases. */
export const threescaleDatabaseFaults = {
  THREESCALE_NO_MASTER: kind<{ address: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.address} holds no 3scale: it has no master account`,
    remedy: () => 'Look whether the URL leads to the system database of a 3scale, and whether that has been seeded.',
  }),
}

export const fault = faultsOf(threescaleDatabaseFaults)
