import { sleep } from '../../base/abort.ts'
import { never } from '../../base/never.ts'
import type { Engine, MigrationStateKind, MigrationView } from '../../ports/engine.ts'
import type { RehearsalRequest } from '../../ports/rehearsal.ts'
import type { OwnProcess } from './own-process.ts'
import type { People } from './people.ts'

const betweenLooksMs = 250

/**
 * Looks at the migration until it is over or nobody who is played can help it, and lets people do what they are asked for.
 * Faults: REHEARSAL_PROCESS_ENDED for a process that ends before. Abort: throws the reason.
 */
export async function untilOver(options: {
  readonly engine: Pick<Engine, 'list'>
  readonly migration: string
  readonly people: People
  readonly processes: readonly OwnProcess[]
  readonly onEvent: RehearsalRequest['onEvent']
  readonly signal: AbortSignal
}): Promise<MigrationView> {
  const { engine, migration, people, processes, onEvent, signal } = options
  const ended: { readonly own: OwnProcess; readonly how: string }[] = []
  for (const own of processes) void own.ended.then((how) => ended.push({ own, how }))
  for (;;) {
    // As it was before the look: `run` ends by itself once the migration is over.
    const [dead] = ended
    const [view] = await engine.list({ ids: [migration] })
    if (view !== undefined) {
      onEvent({ kind: 'looked', view })
      if (isOver(view.state)) return view
      const act = await people.act(view)
      if (act.kind === 'helpless') return view
      if (act.kind === 'played') onEvent(act)
    }
    if (dead !== undefined) throw await dead.own.endedTooSoon(dead.how)
    await sleep(betweenLooksMs, signal)
  }
}

function isOver(state: MigrationStateKind): boolean {
  switch (state) {
    case 'done':
    case 'rolled-back':
    case 'cancelled':
    case 'failed-safe':
    case 'needs-rollback':
      return true
    // Between the end of one process of the engine and the start of the next there is none.
    case 'no-worker':
    case 'running':
    case 'waiting-for-agent':
    case 'waiting-for-person':
    case 'paused':
      return false
    default:
      return never(state)
  }
}
