import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkChain } from '../../evidence/check-chain.ts'
import { type Size, timingsFile } from '../../model/forecast.ts'
import type { Migration } from '../../model/migration.ts'
import { parties } from '../../model/party.ts'
import type { Plan } from '../../model/plan.ts'
import type { MigrationView } from '../../ports/engine.ts'
import type { RehearsalEvidence } from '../../ports/rehearsal.ts'
import type { Control } from './control.ts'
import type { OwnProcess } from './own-process.ts'
import { partyState } from './processes.ts'
import { timingsOf } from './timings.ts'

/**
 * What a rehearsal leaves behind: its journal, the parties' ledgers, its migration.yaml, what every process has said, and, of one
 * that came to its end, the times for a forecast.
 */
export async function collectEvidence(options: {
  readonly dir: string
  readonly view: MigrationView
  readonly plan: Plan
  readonly control: Control
  readonly processes: readonly OwnProcess[]
  readonly config: string
  readonly migration: Migration
  readonly size: Size
}): Promise<RehearsalEvidence> {
  const { dir, view, plan, control, processes, config, migration, size } = options
  const files = new Map<string, Buffer>([['migration.yaml', await readFile(config)]])
  for (const party of parties) {
    const ledger = join(partyState(dir, party), 'migrations', view.id, party, 'ledger.jsonl')
    // A party that made nothing has none.
    const bytes = await readFile(ledger).catch(() => null)
    if (bytes !== null) files.set(`ledger-${party}.jsonl`, bytes)
  }
  for (const own of processes) files.set(`said-by-${own.name}.txt`, Buffer.from(await own.said()))
  const journal = await control.store.journal(view.id)
  if (view.state === 'done') {
    const { records } = checkChain(journal)
    const begunAt = records[0]?.statement.at
    if (begunAt === undefined) throw new Error('bug: a migration that is done has no journal')
    const timings = timingsOf(records, { migration, size, begunAt })
    files.set(timingsFile, Buffer.from(`${JSON.stringify(timings, undefined, 2)}\n`))
  }
  return { view, plan, journal, keyFolder: control.keyFolder, files }
}
