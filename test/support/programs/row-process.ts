import process from 'node:process'
import { openTools } from '../../../src/app/tools.ts'
import { type Clock, type EpochMs, systemClock } from '../../../src/base/clock.ts'
import { faultDataOf } from '../../../src/model/fault-data.ts'
import { allSteps } from '../../../src/steps/all.ts'
import { paceOfTests } from '../walk/pace.ts'
import type { RowProcessStart, VerbAnswer, VerbOrder } from '../walk/row-process.ts'
import { runVerb } from '../walk/run-verb.ts'

/*
 * Runs verbs of rows as one party, with what the environment gives it, until it is killed: told and telling over the channel to its parent.
 */
const tell = (answer: VerbAnswer) => process.send?.(answer)

process.once('disconnect', () => process.exit())
process.once('message', (start: RowProcessStart) => void serve(start))

async function serve({ party, migration, stateFolder, now }: RowProcessStart): Promise<void> {
  const { signal } = new AbortController()
  // Branding is what the cast is for.
  const clock: Clock = { now: () => now as EpochMs, elapsedMs: () => systemClock.elapsedMs() }
  const context = { env: (name: string) => process.env[name], cwd: stateFolder, signal }
  const tools = await openTools({ party, migration, context, stateFolder, clock, pace: paceOfTests })
  const steps = allSteps(tools)
  process.on('message', ({ verb, row, facts }: VerbOrder) => {
    const step = steps.get(row.id)
    if (step === undefined) throw new Error(`no step for ${row.id}`)
    tell({ kind: 'began' })
    runVerb(step, verb, { migration, row, facts }).then(
      (result) => tell({ kind: 'ended', result }),
      (error: unknown) => {
        const fault = faultDataOf(error)
        if (fault !== null) tell({ kind: 'faulted', fault })
        else tell({ kind: 'broke', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      },
    )
  })
  tell({ kind: 'ready' })
}
