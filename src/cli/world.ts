import type { Command } from 'commander'
import { parseDatabaseUrl } from '../model/parse-database-url.ts'
import { parseRedisUrl } from '../model/parse-redis-url.ts'
import type { SimulatedClusters } from '../ports/simulated-clusters.ts'
import type { SourceWorld, SourceWorldReport, SourceWorldRequest } from '../ports/source-world.ts'
import type { CliContext } from './context.ts'
import { wholeNumber } from './parse-number.ts'
import { count } from './progress-line.ts'
import { readReference } from './read-reference.ts'
import { registerWorldClusters } from './world-clusters.ts'
import { addWorldOptions, type WorldOptions } from './world-options.ts'

interface SourceOptions extends WorldOptions {
  readonly mysql: string
  readonly redis?: string
  readonly queuesDatabase: number
  readonly json?: true
}

/** Adds `threeshift world source` and `threeshift world clusters`. */
export function registerWorld(
  program: Command,
  context: CliContext,
  ports: { readonly sourceWorld: SourceWorld; readonly simulatedClusters: SimulatedClusters },
): void {
  const world = program
    .command('world')
    .helpGroup('Rehearsals:')
    .summary('make installations to practise on')
    .description('Makes installations to practise on: real servers, made-up data.')
  const command = world
    .command('source')
    .summary('fill an empty MySQL database (and a Redis) with a 3scale')
    .description(
      'Fills an empty MySQL or MariaDB database with a 3scale of the given release, and a backend Redis that agrees with it.\n' +
        'The same options give the same bytes. Refuses a database that is not empty.',
    )
  addWorldOptions(command, { tenants: 20, scale: 1, edgeRows: false })
    .requiredOption('--mysql <reference>', 'env:NAME or file:PATH that holds a mysql:// URL')
    .option('--redis <reference>', 'env:NAME or file:PATH that holds the redis:// URL of the storage database')
    .option('--queues-database <number>', 'Redis database of the queues', wholeNumber('--queues-database', 0, 1023), 1)
    .option('--json', 'print one JSON object as the last line of stdout')
    .action(async (options: SourceOptions) => {
      const report = await ports.sourceWorld.generate(await requestOf(options, context))
      context.stdout.write(options.json === true ? `${JSON.stringify(resultOf(report))}\n` : textOf(report))
    })
  registerWorldClusters(world, context, ports)
}

async function requestOf(options: SourceOptions, context: CliContext): Promise<SourceWorldRequest> {
  const { release, tenants, scale, seed, edgeRows, queuesDatabase } = options
  const mysql = parseDatabaseUrl(await readReference(options.mysql, '--mysql', context), options.mysql)
  const storage =
    options.redis === undefined
      ? undefined
      : parseRedisUrl(await readReference(options.redis, '--redis', context), options.redis)
  return {
    release,
    tenants,
    scale,
    seed,
    edgeRows,
    mysql,
    ...(storage === undefined ? {} : { redis: { storage, queuesDatabase } }),
    onProgress: ({ table, rows, allRows }) => {
      context.stderr.write(`world  ${table}  ${count(rows)} rows | all ${count(allRows)} rows\n`)
    },
    signal: context.signal,
  }
}

function resultOf(report: SourceWorldReport): object {
  const { release, wildcardDomain, rows, tables, keys } = report
  return { verdict: 'generated', release, wildcardDomain, rows, tables, keys }
}

function textOf(report: SourceWorldReport): string {
  const largest = [...report.tables].sort((a, b) => b.rows - a.rows).slice(0, 8)
  const lines = largest.map((table) => `  ${table.name.padEnd(26)} ${count(table.rows).padStart(12)}`)
  const others = report.tables.length - largest.length
  return (
    `generated  3scale ${report.release} under ${report.wildcardDomain}\n${lines.join('\n')}\n` +
    `  ${`and ${others} other tables`.padEnd(26)} ${`= ${count(report.rows)}`.padStart(12)} rows\n` +
    (report.keys === 0 ? '' : `  ${'Redis keys'.padEnd(26)} ${count(report.keys).padStart(12)}\n`)
  )
}
