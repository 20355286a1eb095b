import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parties } from '../../model/party.ts'
import type { Plan } from '../../model/plan.ts'
import type { MigrationView } from '../../ports/engine.ts'
import type { RehearsalEvidence } from '../../ports/rehearsal.ts'
import type { Control } from './control.ts'
import type { OwnProcess } from './own-process.ts'
import { partyState } from './processes.ts'

/** What a rehearsal leaves behind: its journal, the parties' ledgers, its migration.yaml, and what every process has said. */
export async function collectEvidence(options: {
  readonly dir: string
  readonly view: MigrationView
  readonly plan: Plan
  readonly control: Control
  readonly processes: readonly OwnProcess[]
  readonly config: string
}): Promise<RehearsalEvidence> {
  const { dir, view, plan, control, processes, config } = options
  const files = new Map<string, Buffer>([['migration.yaml', await readFile(config)]])
  for (const party of parties) {
    const ledger = join(partyState(dir, party), 'migrations', view.id, party, 'ledger.jsonl')
    // A party that made nothing has none.
    const bytes = await readFile(ledger).catch(() => null)
    if (bytes !== null) files.set(`ledger-${party}.jsonl`, bytes)
  }
  for (const own of processes) files.set(`said-by-${own.name}.txt`, Buffer.from(await own.said()))
  return { view, plan, journal: await control.store.journal(view.id), keyFolder: control.keyFolder, files }
}
