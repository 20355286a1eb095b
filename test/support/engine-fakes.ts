import type { SignedStatement } from '../../src/model/evidence.ts'
import type { Journal, JournalEntry } from '../../src/ports/journal.ts'
import type { PartyTask, PartyTasks } from '../../src/ports/party-tasks.ts'

/** A journal in memory. */
export function memoryJournal(): Journal & {
  readonly entries: readonly JournalEntry[]
  readonly signed: ReadonlyMap<string, SignedStatement>
} {
  const entries: JournalEntry[] = []
  const signed = new Map<string, SignedStatement>()
  return {
    entries,
    signed,
    appendSigned: async (key, statement) => {
      if (!signed.has(key)) signed.set(key, statement)
    },
    append: async (entry) => {
      if (entries.every(({ key }) => key !== entry.key)) entries.push(entry)
    },
  }
}

/** Tasks of parties in memory; whoever tests plays the agents. */
export function memoryTasks(): PartyTasks & { readonly tasks: readonly PartyTask[] } {
  const tasks: PartyTask[] = []
  return {
    tasks,
    request: async (task) => {
      if (tasks.every(({ id }) => id !== task.id)) tasks.push(task)
    },
    withdraw: async (migration, generation) => {
      const kept = tasks.filter((task) => task.migration !== migration || task.generation >= generation)
      tasks.splice(0, tasks.length, ...kept)
    },
  }
}
