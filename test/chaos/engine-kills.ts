import process from 'node:process'
import { Random } from '../../src/simulator/source-world/random.ts'
import { killAgainAndAgain } from '../support/engine-kills.ts'

/** Two hundred kills of worker, PostgreSQL and control process in turn, unless another number is given. */
export async function engineKills([kills = 200, seed = 1]: readonly number[]): Promise<void> {
  process.stdout.write(`seed ${seed}\n`)
  const random = new Random(seed, 'engine kills')
  const result = await killAgainAndAgain({
    kills,
    rows: 40,
    workMs: 25,
    random: () => random.below(1_000_000) / 1_000_000,
    onKill: ({ n, victim, migration }) => {
      if (n % 10 === 0) process.stdout.write(`${n} kills, the last of ${victim} in ${migration}\n`)
    },
  })
  process.stdout.write(`${JSON.stringify(result)}\n`)
}
