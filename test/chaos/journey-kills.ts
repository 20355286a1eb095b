import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg } from 'node:os'
import process from 'node:process'
import { Random } from '../../src/simulator/source-world/random.ts'
import type { PlanRow } from '../../src/model/plan.ts'
import type { RowId } from '../../src/model/row-id.ts'
import { Crew, type RowKill } from '../support/walk/kills.ts'
import { isLeftBy, partsAround } from '../support/walk/leavings.ts'
import { askSource, notServed } from '../support/walk/serving.ts'
import { changesBetween, endState, readState, type WorldState } from '../support/walk/state.ts'
import { forward, openWalk, type Walk } from '../support/walk/walk.ts'

/**
 * So many journeys, each in a world of its own: every row is killed while it is applied and taken back, killed again and done; then all is
 * taken back, each undo being killed once; then the journey is made once more undisturbed, to the same end. The result is printed as JSON.
 */
export async function journeyKills([journeys = 3, seed = 1]: readonly number[]): Promise<void> {
  const random = new Random(seed, 'journey kills')
  const load = [load1()]
  const made: JourneyReport[] = []
  for (let n = 0; n < journeys; n++) {
    made.push(await oneJourney(random, `journey ${n + 1} of ${journeys}`))
    load.push(load1())
  }
  const kills = made.flatMap((journey) => journey.kills)
  const result = {
    command: `npm run chaos -- journey ${journeys} ${seed}`,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    node: process.version,
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    loadAverage: { least: Math.min(...load), most: Math.max(...load) },
    journeys,
    rows: made[0]?.rows ?? 0,
    kills: kills.length,
    inApply: kills.filter(({ inApply }) => inApply).length,
    undosKilled: made.reduce((sum, { undosKilled }) => sum + undosKilled, 0),
    takenBack: made.reduce((sum, { takenBack }) => sum + takenBack, 0),
    minutes: made.map(({ minutes }) => minutes),
    byRow: Object.fromEntries([...Map.groupBy(kills, ({ row }) => row)].map(([row, of]) => [row, of.map(wordsOf)])),
  }
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`)
}

interface JourneyReport {
  readonly rows: number
  readonly kills: readonly RowKill[]
  readonly undosKilled: number
  readonly takenBack: number
  readonly minutes: number
}

async function oneJourney(random: Random, name: string): Promise<JourneyReport> {
  const startedMs = performance.now()
  const walk = await openWalk()
  const crew = new Crew(walk)
  const share = () => random.below(1000) / 1000
  const kills: RowKill[] = []
  const states = new Map<RowId, WorldState>()
  let takenBack = 0
  try {
    const served = await askSource(walk)
    const last = walk.rows.findIndex(({ id }) => id === 'new-routes')
    for (const row of walk.rows) {
      process.stderr.write(`${name}: ${row.id}\n`)
      const state = await readState(walk, partsAround(row))
      states.set(row.id, state)
      if (row.undo.kind === 'undo') {
        kills.push(await crew.killIn(row, share()))
        await crew.back(row)
        await assertAsBefore(walk, row, state)
        await crew.forward(row)
        await crew.back(row)
        await assertAsBefore(walk, row, state)
        takenBack += 2
      }
      kills.push(await crew.killIn(row, share()))
      await crew.forward(row)
    }
    const killed = endState(await readState(walk))
    for (const row of walk.rows.slice(0, last).toReversed()) {
      if (row.undo.kind !== 'undo') continue
      process.stderr.write(`${name}: back over ${row.id}\n`)
      await crew.killIn(row, share(), 'undo')
      await crew.back(row)
      await assertAsBefore(walk, row, states.get(row.id) ?? new Map(), { isWholeWay: true })
      takenBack += 1
    }
    assert.deepEqual(await notServed(walk, served), [])
    for (const row of walk.rows) {
      process.stderr.write(`${name}: again ${row.id}\n`)
      await forward(walk, row)
    }
    assert.equal(endState(await readState(walk)), killed, 'the end is that of a journey that was not disturbed')
    assert.deepEqual(walk.world.troubles, [])
    const minutes = Math.round((performance.now() - startedMs) / 6000) / 10
    const undosKilled = walk.rows.slice(0, last).filter(({ undo }) => undo.kind === 'undo').length
    return { rows: walk.rows.length, kills, undosKilled, takenBack, minutes }
  } finally {
    await crew.close()
    await walk.close()
  }
}

async function assertAsBefore(
  walk: Walk,
  row: PlanRow,
  before: WorldState,
  how = { isWholeWay: false },
): Promise<void> {
  const changed = changesBetween(before, await readState(walk, partsAround(row)), isLeftBy(row, walk.rows, how))
  assert.deepEqual(changed, [], `${row.id} is taken back`)
}

function wordsOf({ afterMs, inApply }: RowKill): string {
  return `${afterMs} ms${inApply ? '' : ', when it had ended'}`
}

function load1(): number {
  return Math.round(loadavg()[0] ?? 0)
}
