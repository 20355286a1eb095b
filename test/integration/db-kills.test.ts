import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  assertWholeAndExact,
  bytesInVain,
  copyDb,
  killAgainAndAgain,
  type KillWorld,
  mostInVainPerKill,
  startKillWorld,
  victims,
} from '../support/db-kills.ts'

/*
 * Four kills each of the mover, of MariaDB and of PostgreSQL. `npm run chaos -- db` makes fifty, of a larger copy.
 */
const count = 12
const thousandsOfRows = 200

let kills: KillWorld
before(async () => {
  kills = await startKillWorld(thousandsOfRows)
})
after(() => kills.stop())

test(`a copy whose mover, source and target are killed ${count} times becomes whole and exact, and does little again`, async () => {
  const made = await killAgainAndAgain(kills, count)
  for (const victim of victims) assert.equal(made.filter((kill) => kill.victim === victim).length, count / 3)
  const progress = made.map((kill) => kill.progress)
  const said = `of the work at each kill: ${progress.map((part) => part.toFixed(2)).join(', ')}`
  for (const third of [0, 1, 2]) {
    assert.ok(
      progress.some((part) => Math.floor(part * 3) === third),
      `none in a third of the copy: ${said}`,
    )
  }
  await assertWholeAndExact(kills, await copyDb(kills))
  const { inVain } = await bytesInVain(kills)
  assert.ok(inVain < count * mostInVainPerKill, `${inVain} bytes were written in vain`)
})
