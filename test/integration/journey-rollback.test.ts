import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PlanRow } from '../../src/model/plan.ts'
import type { RowId } from '../../src/model/row-id.ts'
import type { Baseline } from '../../src/steps/baseline.ts'
import { matchesGolden } from '../support/golden.ts'
import { isLeftBy, partsAround } from '../support/walk/leavings.ts'
import { assertServes, askSource } from '../support/walk/serving.ts'
import { changesBetween, endState, readState, type WorldState } from '../support/walk/state.ts'
import { back, forward, openWalk, type Walk } from '../support/walk/walk.ts'

let walk: Walk
let served: Baseline
/** How the world was before each row. */
const states = new Map<RowId, WorldState>()

before(async () => {
  walk = await openWalk()
  served = await askSource(walk)
})
after(() => walk?.close())

function rowOf(id: RowId): PlanRow {
  const row = walk.rows.find((one) => one.id === id)
  if (row === undefined) throw new Error(`${id} is not in the plan`)
  return row
}

async function goForward(row: PlanRow): Promise<readonly []> {
  states.set(row.id, await readState(walk, partsAround(row)))
  await forward(walk, row)
  return []
}

/** Takes a row back and gives where the world is not as it was before. */
async function goBack(row: PlanRow, how = { isWholeWay: false }): Promise<readonly string[]> {
  if ((await back(walk, row)) === null) return []
  const was = states.get(row.id) ?? new Map<string, string>()
  return changesBetween(was, await readState(walk, partsAround(row)), isLeftBy(row, walk.rows, how))
}

test('every row before the point of no return is taken back, and the source serves again', async (t) => {
  const last = walk.rows.findIndex(({ id }) => id === 'new-routes')
  const forth = walk.rows.slice(0, last)
  let isBroken = false
  let ended = ''
  /** `work` gives what is not as it should be and yet keeps nobody from going on. */
  const step = (name: string, work: () => Promise<readonly string[]>) =>
    t.test(name, async () => {
      assert.ok(!isBroken, 'something before it has failed')
      isBroken = true
      const wrong = await work()
      isBroken = false
      assert.deepEqual(wrong, [])
    })

  for (const row of forth) {
    await step(`${row.number} ${row.id}`, async () => goForward(row))
    if (row.id !== 'quiesce' && row.id !== 'dump') continue
    await step(`right after ${row.id} there is a way back, and forward again`, async () => {
      const undone = forth.slice(forth.indexOf(rowOf('quiesce')), forth.indexOf(row) + 1)
      const wrong: string[] = []
      for (const one of undone.toReversed()) wrong.push(...(await goBack(one)))
      await assertServes(walk, served)
      for (const one of undone) await goForward(one)
      return wrong
    })
  }
  await step('everything is there, as after a journey that was killed in every row', async () => {
    for (const row of walk.rows.slice(last)) await forward(walk, row)
    ended = endState(await readState(walk))
    return []
  })
  await t.test('which is written down', () => matchesGolden('journey/end-state.txt', ended))
  for (const row of forth.toReversed())
    await step(`back over ${row.number} ${row.id}`, () => goBack(row, { isWholeWay: true }))
  await step('the source serves as it did', async () => {
    await assertServes(walk, served)
    return []
  })
  await step('nothing of the customer is left at the destination', async () => {
    const before = states.get('seed-destination') ?? new Map<string, string>()
    const ofTheCustomer = [...before.keys()].filter((what) => /^(database|redis) rhoam /.test(what))
    assert.ok(ofTheCustomer.length > 80, 'RHOAM has a database of its own')
    const now = await readState(walk, ['objects'])
    const clients = [...now.keys()].filter(
      (what) => what.startsWith('destination keycloakclients') && what.includes('3scale-tenant-'),
    )
    assert.deepEqual(clients, [])
    const hosts = [...now].filter(([what]) => /^destination routes/.test(what)).map(([, host]) => host)
    assert.ok(!hosts.some((host) => /tenant|provider/.test(host)), hosts.join(' '))
    return []
  })
})
