import type { Migration } from '../model/migration.ts'
import type { Party } from '../model/party.ts'
import type { ChunkHandlers } from '../ports/chunks.ts'
import type { Step, StepContext, Steps } from '../ports/step.ts'
import { runbook } from '../runbook/rows.ts'
import { convertPart, convertPartKind } from '../steps/convert-parts.ts'
import type { Tools } from '../steps/tools.ts'
import type { OpenTools } from './tools.ts'

/**
 * The step of every row of the runbook, by row id.
 *
 * Each verb works with the tools of the migration and of the row's owner, which `open` makes when they are first needed and which
 * are then kept: other commands load nothing of them.
 */
export function registeredSteps(open: (migration: Migration, party: Party) => Promise<Tools>): Steps {
  const opened = new Map<string, Promise<Steps>>()
  const stepsFor = ({ migration, row }: StepContext): Promise<Steps> => {
    const key = JSON.stringify([row.owner, migration])
    const known = opened.get(key)
    if (known !== undefined) return known
    const made = Promise.all([import('../steps/all.ts'), open(migration, row.owner)]).then(([{ allSteps }, tools]) =>
      allSteps(tools),
    )
    opened.set(key, made)
    // Settings that could not be read are read again with the next verb.
    made.catch(() => opened.delete(key))
    return made
  }
  const stepOf = async (context: StepContext): Promise<Step> => {
    const step = (await stepsFor(context)).get(context.row.id)
    if (step === undefined) throw new Error(`bug: row ${context.row.id} has no step`)
    return step
  }
  const undo = async (context: StepContext) => {
    const step = await stepOf(context)
    if (step.undo === undefined) throw new Error(`bug: row ${context.row.id} cannot be undone, and the runbook says so`)
    return step.undo(context)
  }
  return new Map(
    runbook.map((row): [string, Step] => [
      row.id,
      {
        check: async (context) => (await stepOf(context)).check(context),
        explain: async (context) => (await stepOf(context)).explain(context),
        apply: async (context) => (await stepOf(context)).apply(context),
        confirm: async (context) => (await stepOf(context)).confirm(context),
        ...(row.undo.kind === 'undo' ? { undo } : {}),
      },
    ]),
  )
}

/** What does the chunks of long steps, by kind; each with tools of its own, which `open` makes. */
export function registeredChunks(open: (migration: Migration, party: Party) => Promise<OpenTools>): ChunkHandlers {
  return new Map([[convertPartKind, convertPart(open)]])
}
