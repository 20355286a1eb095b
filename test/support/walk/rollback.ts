import { inspect } from 'node:util'
import type { PlanRow } from '../../../src/model/plan.ts'
import type { RowId } from '../../../src/model/row-id.ts'
import { isLeftBy, partsAround } from './leavings.ts'
import { askSource, notServed } from './serving.ts'
import { changesBetween, endState, readState, type WorldState } from './state.ts'
import { back, forward, type Walk } from './walk.ts'

/** What was done, and where the world is not as it should be after it. */
export interface Passed {
  readonly name: string
  readonly wrong: readonly string[]
  /** The world's state when the journey was at its end. */
  readonly ended?: string
}

/** The rows around whose end the way back is tried at once. */
const turningPoints: readonly RowId[] = ['quiesce', 'dump']

/**
 * Walks the whole journey undisturbed, turning back right after the traffic has stopped and after the dumps, and then all the way back.
 * A row that fails on its way forward ends it; one that is not taken back as it should be is told, and the next one is taken back.
 */
export async function* thereAndBack(walk: Walk): AsyncGenerator<Passed> {
  const served = await askSource(walk)
  const states = new Map<RowId, WorldState>()
  const goForward = async (row: PlanRow) => {
    states.set(row.id, await readState(walk, partsAround(row)))
    await forward(walk, row)
  }
  const goBack = async (row: PlanRow, how = { isWholeWay: false }): Promise<readonly string[]> => {
    try {
      if ((await back(walk, row)) === null) return []
    } catch (error) {
      return [`${row.id}: ${inspect(error)}`]
    }
    const was = states.get(row.id) ?? new Map<string, string>()
    return changesBetween(was, await readState(walk, partsAround(row)), isLeftBy(row, walk.rows, how))
  }

  const last = walk.rows.findIndex(({ id }) => id === 'new-routes')
  const forth = walk.rows.slice(0, last)
  const stop = forth.findIndex(({ id }) => id === 'quiesce')
  for (const [index, row] of forth.entries()) {
    await goForward(row)
    yield { name: `${row.number} ${row.id}`, wrong: [] }
    if (!turningPoints.includes(row.id)) continue
    const undone = forth.slice(stop, index + 1)
    const wrong: string[] = []
    for (const one of undone.toReversed()) wrong.push(...(await goBack(one)))
    wrong.push(...(await notServed(walk, served)))
    for (const one of undone) await goForward(one)
    yield { name: `right after ${row.id} there is a way back, and forward again`, wrong }
  }
  for (const row of walk.rows.slice(last)) await forward(walk, row)
  yield { name: 'the point of no return', wrong: [], ended: endState(await readState(walk)) }
  for (const row of forth.toReversed())
    yield { name: `back over ${row.number} ${row.id}`, wrong: await goBack(row, { isWholeWay: true }) }
  yield { name: 'the source serves as it did', wrong: await notServed(walk, served) }
  yield { name: 'nothing of the customer is left at the destination', wrong: await leftAtTheDestination(walk) }
}

async function leftAtTheDestination(walk: Walk): Promise<readonly string[]> {
  const now = await readState(walk, ['objects'])
  return [...now].filter(([what, says]) => isOfTheCustomer(what, says)).map(([what]) => what)
}

function isOfTheCustomer(what: string, says: string): boolean {
  if (what.startsWith('destination keycloakclients')) return what.includes('3scale-tenant-')
  return what.startsWith('destination routes') && /^(acme|provider)/.test(says)
}
