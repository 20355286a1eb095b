import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { SimulatedClusters } from '../ports/simulated-clusters.ts'
import type { CliContext } from './context.ts'
import { wholeNumber } from './parse-number.ts'

interface ClustersOptions {
  readonly dir: string
  readonly portBase?: number
}

/** Adds `threeshift world clusters`. */
export function registerWorldClusters(
  world: Command,
  context: CliContext,
  ports: { readonly simulatedClusters: SimulatedClusters },
): void {
  world
    .command('clusters')
    .summary('serve three simulated OpenShift clusters')
    .description(
      'Serves the clusters of a migration, source, migration and destination, on loopback, until it is stopped.\n' +
        'Prints one JSON line for each, with the file that a stock `kubectl --kubeconfig` takes. What is done to them is kept in the folder.\n' +
        'Commands in their pods are run on this machine, as the user who started them.',
    )
    .requiredOption('--dir <folder>', 'where the clusters are kept; made when missing')
    .option(
      '--port-base <port>',
      'port of the first, which the others follow (default: those of the last time)',
      wholeNumber('--port-base', 1024, 65_533),
    )
    .action(async ({ dir, portBase }: ClustersOptions) => {
      await ports.simulatedClusters.serve({
        dir: resolve(context.cwd, dir),
        ...(portBase === undefined ? {} : { portBase }),
        onReady: ({ name, kubeconfig }) => void context.stdout.write(`${JSON.stringify({ name, kubeconfig })}\n`),
        signal: context.signal,
      })
    })
}
