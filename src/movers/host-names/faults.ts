import { exitCode, faultsOf, kind } from '../../base/fault.ts'

/** What can go wrong while host names are renamed, beside the faults of a database. */
export const hostNamesFaults = {
  HOSTS_NO_THREESCALE: kind<{ address: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.address} holds no 3scale: it has no master account`,
    remedy: () => 'Give the URL of the PostgreSQL that 3scale was converted into; convert it first.',
  }),
  HOSTS_IMPOSSIBLE: kind<{ host: string; why: string; problems: number }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `${d.host} cannot be a new host name: ${d.why}${d.problems > 1 ? ` (and ${d.problems - 1} more)` : ''}`,
    remedy: () => 'Look at the preview, and change the names of these tenants at the source, or choose another domain.',
  }),
}

export const fault = faultsOf(hostNamesFaults)
