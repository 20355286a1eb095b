import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Random } from '../../src/simulator/source-world/random.ts'
import { matchesGolden } from '../support/golden.ts'
import { Crew } from '../support/walk/kills.ts'
import { isLeftBy, partsAround } from '../support/walk/leavings.ts'
import { changesBetween, endState, readState } from '../support/walk/state.ts'
import { openWalk, type Walk } from '../support/walk/walk.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const random = new Random(seed, 'journey kills')
let walk: Walk
let crew: Crew

before(async () => {
  walk = await openWalk()
  crew = new Crew(walk)
})
after(async () => {
  await crew?.close()
  await walk?.close()
})

test(`every row is killed while it is applied, and is done by another process (seed ${seed})`, async (t) => {
  let isBroken = false
  for (const [index, row] of walk.rows.entries()) {
    const isTakenBack = row.undo.kind === 'undo' && index % 2 === 1
    const name = `${row.number} ${row.id} ${isTakenBack ? 'is killed, taken back and done' : 'is killed and gone on with'}`
    await t.test(name, async (t) => {
      assert.ok(!isBroken, 'a row before it has failed')
      isBroken = true
      const state = isTakenBack ? await readState(walk, partsAround(row)) : new Map<string, string>()
      const { afterMs, inApply } = await crew.killIn(row, random.below(1000) / 1000)
      t.diagnostic(`killed ${inApply ? '' : 'at the end, '}after ${afterMs} ms`)
      if (isTakenBack) {
        await crew.back(row)
        assert.deepEqual(changesBetween(state, await readState(walk, partsAround(row)), isLeftBy(row, walk.rows)), [])
      }
      await crew.forward(row)
      isBroken = false
    })
  }
  await t.test('and in the end everything is there, once', async () => {
    assert.ok(!isBroken, 'a row has failed')
    matchesGolden('journey/end-state.txt', endState(await readState(walk)))
  })
  assert.deepEqual(walk.world.troubles, [], 'no controller met what it could not do')
})
