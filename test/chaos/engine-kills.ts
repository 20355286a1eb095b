import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg } from 'node:os'
import process from 'node:process'
import { Random } from '../../src/simulator/source-world/random.ts'
import { killAgainAndAgain } from '../support/engine-kills.ts'

/**
 * Two hundred kills of control plane, worker, agent, PostgreSQL and the people's process in turn, in runbooks of forty rows,
 * unless other numbers are given. The last line is the result as JSON, with the machine and its load.
 */
export async function engineKills([kills = 200, seed = 1]: readonly number[]): Promise<void> {
  const random = new Random(seed, 'engine kills')
  const load = [load1()]
  const rowsPerMigration = 40
  const result = await killAgainAndAgain({
    kills,
    rows: rowsPerMigration,
    workMs: 20,
    random: () => random.below(1_000_000) / 1_000_000,
    onKill: ({ n, victim, migration }) => {
      if (n % 10 !== 0) return
      load.push(load1())
      process.stderr.write(`${n} kills, the last of ${victim} in ${migration}\n`)
    },
  })
  const made = {
    command: `npm run chaos -- engine ${kills} ${seed}`,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    node: process.version,
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    loadAverage: { least: Math.min(...load), most: Math.max(...load) },
    rowsPerMigration,
    ...result,
  }
  process.stdout.write(`${JSON.stringify(made, undefined, 2)}\n`)
}

function load1(): number {
  return Math.round(loadavg()[0] ?? 0)
}
