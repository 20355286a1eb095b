import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { SimulatedClusters } from '../ports/simulated-clusters.ts'
import type { CliContext } from './context.ts'
import { positiveNumber, wholeNumber } from './parse-number.ts'

interface ClustersOptions {
  readonly dir: string
  readonly portBase?: number
  readonly speed: number
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
        'Commands in their pods are run on this machine, as the user who started them.\n' +
        'Workloads roll out, and the operators of 3scale and RHOAM can be installed. Databases are not part of it: a 3scale uses those that\n' +
        'its secrets name. Its portals answer at the address in the file `router` of the cluster’s folder, by the CA in `router-ca.pem`.',
    )
    .requiredOption('--dir <folder>', 'where the clusters are kept; made when missing')
    .option(
      '--port-base <port>',
      'port of the first, which the others follow (default: those of the last time)',
      wholeNumber('--port-base', 1024, 65_533),
    )
    .option(
      '--speed <times>',
      'how many times as fast as a real cluster; 1 is real time',
      positiveNumber('--speed'),
      30,
    )
    .action(async ({ dir, portBase, speed }: ClustersOptions) => {
      const told = new Set<string>()
      await ports.simulatedClusters.serve({
        dir: resolve(context.cwd, dir),
        ...(portBase === undefined ? {} : { portBase }),
        speed,
        onTrouble: (error) => {
          // Its cause may quote what a database was sent.
          const text = error instanceof Error ? error.message : 'a controller failed'
          if (!told.has(text)) context.stderr.write(`world  ${text}; it tries again\n`)
          told.add(text)
        },
        onReady: ({ name, kubeconfig }) => void context.stdout.write(`${JSON.stringify({ name, kubeconfig })}\n`),
        signal: context.signal,
      })
    })
}
