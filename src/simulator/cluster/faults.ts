import { exitCode, type FaultCatalogue, faultsOf, kind } from '../../base/fault.ts'

/** What can keep a simulated cluster from being served. */
export const clusterFaults = {
  CLUSTER_PORT_TAKEN: kind<{ cluster: string; port: number }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `port ${d.port} on 127.0.0.1, for the simulated cluster ${d.cluster}, is taken`,
    remedy: () => 'Leave --port-base out, or give another.',
  }),
  CLUSTER_FOLDER_BUSY: kind<{ cluster: string; folder: string; port: number }>({
    exit: exitCode.failedSafe,
    retry: 'after-remedy',
    says: (d) => `the simulated cluster ${d.cluster} in ${d.folder} is being served already, on port ${d.port}`,
    remedy: () => 'Use the one that runs, end it first, or give another --dir.',
  }),
  CLUSTER_SCRIPT_INVALID: kind<{ file: string; reason: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.file} is no fault script: ${d.reason}`,
    remedy: () => 'Put it right, or remove it; docs/reference/fault-scripts.md says what it may hold.',
  }),
} satisfies FaultCatalogue

export const fault = faultsOf(clusterFaults)
