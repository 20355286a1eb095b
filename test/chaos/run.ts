import process from 'node:process'
import { dbKills } from './db-kills.ts'
import { engineKills } from './engine-kills.ts'
import { journeyKills } from './journey-kills.ts'
import { journeyRollback } from './journey-rollback.ts'

/*
 * `run.ts db [kills] [thousands of rows]`, `run.ts engine [kills] [seed]`, `run.ts journey [journeys] [seed]`, `run.ts rollback`: what the kill tests do a part of, in full
 * length. Prints what the kills cost; throws when the outcome is not whole and exact.
 */
const runs: Readonly<Record<string, (numbers: readonly number[]) => Promise<void>>> = {
  db: dbKills,
  engine: engineKills,
  journey: journeyKills,
  rollback: journeyRollback,
}

const [name = '', ...numbers] = process.argv.slice(2)
const run = runs[name]
if (run === undefined) {
  process.stderr.write(`which one? ${Object.keys(runs).join(', ')}\n`)
  process.exitCode = 64
} else await run(numbers.map(Number))
