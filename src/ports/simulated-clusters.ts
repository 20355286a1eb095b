/** A cluster that is being served. */
export interface ServedCluster {
  readonly name: 'source' | 'migration' | 'destination'
  /** A file with which a stock `kubectl --kubeconfig` is its administrator. */
  readonly kubeconfig: string
}

export interface ServeClustersRequest {
  /** Absolute; made when missing. The clusters are kept below it, and go on from there the next time. */
  readonly dir: string
  /** The port of the first, which the others follow; absent: those of the last time, or any that are free. */
  readonly portBase?: number
  /** How many times as fast as real ones their pods, operators and upgrades are. */
  readonly speed: number
  /** Called for each once it answers. */
  readonly onReady: (cluster: ServedCluster) => void
  /** Told of what a controller in them could not do; it tries again. */
  readonly onTrouble: (error: unknown) => void
  /** Ends the serving: connections are broken, ports are free, files are closed. */
  readonly signal: AbortSignal
}

/**
 * The three clusters of a migration, simulated, with what lives in them: workloads, OLM, and the operators of 3scale and RHOAM.
 *
 * They bring no databases: a 3scale works on those that its secrets name, and cloud resources of RHOAM fail.
 */
export interface SimulatedClusters {
  /**
   * Serves them on loopback until `signal` is aborted, and returns then: that is how it ends well.
   * Faults: CLUSTER_PORT_TAKEN, CLUSTER_FOLDER_BUSY, CLUSTER_SCRIPT_INVALID.
   */
  serve(request: ServeClustersRequest): Promise<void>
}
