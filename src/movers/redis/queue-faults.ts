import { exitCode, faultsOf, kind } from '../../base/fault.ts'

/** What can go wrong while queues are looked at, beside what their Redis itself refuses. */
export const queueFaults = {
  QUEUES_WRONG_KEY: kind<{ address: string; command: string }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `${d.address} answered ${d.command} as no database with queues of 3scale does`,
    remedy: () =>
      'Check host and database number: REDIS_URL of secret system-redis, REDIS_QUEUES_URL of backend-redis.',
  }),
}

/** Makes a fault: `throw fault('QUEUES_WRONG_KEY', { address, command })`. */
export const fault = faultsOf(queueFaults)
