import type { RemovalCall } from '../../ports/cleanup.ts'
import type { LedgerEntry } from '../../ports/ledger.ts'
import { bearsMark } from './marks.ts'
import type { AwsSession, SendOptions } from './session.ts'

/** How one kind of thing is taken away. */
export interface RemovableKind {
  /** Null: it is not there. Otherwise whether it is ours, and the state it is in. */
  readonly look: (entry: LedgerEntry, call: RemovalCall) => Promise<SeenThing | null>
  /** Begins the removal of what was just seen; does nothing for what is being removed already. */
  readonly begin: (entry: LedgerEntry, seen: SeenThing, call: RemovalCall) => Promise<void>
}

export interface SeenThing {
  readonly ours: boolean
  readonly state: string
  readonly id?: string
}

export type RemovableKinds = Readonly<Record<string, RemovableKind>>

/** What a look at something with tags has shown. */
export function seenByTags(
  tags: Parameters<typeof bearsMark>[0],
  entry: LedgerEntry,
  state: string | undefined,
): SeenThing {
  return { ours: bearsMark(tags, entry.making.migration), state: state ?? 'there' }
}

/** Asks once for the end of something by its name, unless it is ending already. */
export function deletion(
  session: AwsSession,
  send: (name: string, options: SendOptions) => Promise<unknown>,
  codes: { readonly done: readonly string[]; readonly settling: readonly string[] },
): RemovableKind['begin'] {
  return async ({ thing }, { state }, call) => {
    if (state !== 'deleting') await session.change(call, (o) => send(thing.name, o), codes)
  }
}
