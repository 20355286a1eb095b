import process from 'node:process'
import {
  assertWholeAndExact,
  bytesInVain,
  copyDb,
  type Kill,
  killAgainAndAgain,
  startKillWorld,
  victims,
} from '../support/db-kills.ts'

/** Fifty kills of mover, MariaDB and PostgreSQL in a copy of three million rows, unless other numbers are given. */
export async function dbKills([count = 50, thousands = 1000]: readonly number[]): Promise<void> {
  const kills = await startKillWorld(thousands)
  try {
    say(`${kills.world.rows} rows in ${kills.world.tables.length} tables`)
    const made = await killAgainAndAgain(kills, count)
    for (const [i, kill] of made.entries()) say(`${String(i + 1).padStart(3)} ${inWords(kill)}`)
    const startedMs = performance.now()
    const last = await copyDb(kills)
    say(`last run: ${Math.round(performance.now() - startedMs)} ms`)
    await assertWholeAndExact(kills, last)
    say('whole and exact: db verify exits 0, each table has as many rows as the source, nothing is there twice')
    const { bytes, inVain } = await bytesInVain(kills)
    say(`${bytes} bytes of ranges; ${inVain} more written in vain, ${Math.round(inVain / count)} per kill`)
    for (const victim of victims) {
      const of = made.filter((kill) => kill.victim === victim)
      say(
        `${victim}: ${of.length} kills, ${of.reduce((sum, kill) => sum + lostIn(kill), 0)} committed rows lost with it`,
      )
    }
  } finally {
    await kills.stop()
  }
}

function inWords(kill: Kill): string {
  const { victim, early, progress, after, runMs } = kill
  const lost = lostIn(kill) === 0 ? '' : `, ${lostIn(kill)} committed rows lost`
  const when = `${early ? 'early  ' : 'copying'} at ${(progress * 100).toFixed(1).padStart(4)} %`
  return `${victim.padEnd(8)} ${when}, ${after} rows in${lost}, ${Math.round(runMs)} ms`
}

function lostIn({ before, after }: Kill): number {
  return Math.max(0, before - after)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
