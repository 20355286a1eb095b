import type { Removal, RemovalCall, RemovalOutcome } from '../../ports/cleanup.ts'
import type { LedgerEntry } from '../../ports/ledger.ts'
import type { RemovableKind, RemovableKinds } from './removable.ts'
import { removeCaches } from './remove-caches.ts'
import { removeDatabases } from './remove-databases.ts'
import { removeNetwork } from './remove-network.ts'
import { removeUsersAndBuckets } from './remove-users-and-buckets.ts'
import type { AwsSession } from './session.ts'
import { removeSubnetGroups } from './subnet-groups.ts'
import { waitFor } from './wait.ts'

const minuteMs = 60_000

/** Keys and users first, for they are a way in; then what holds data, then what that stood in. */
const order = [
  'access-key',
  'user',
  'policy',
  'db-instance',
  'cache',
  'db-snapshot',
  'cache-snapshot',
  'db-subnet-group',
  'cache-subnet-group',
  'route',
  'peering',
  'security-group',
  'subnet',
  'vpc',
  'bucket',
]

/** Removes what was made in the session's account and region. */
export function awsRemoval(session: AwsSession): Removal {
  const kinds: RemovableKinds = {
    ...removeUsersAndBuckets(session),
    ...removeDatabases(session),
    ...removeCaches(session),
    ...removeSubnetGroups(session),
    ...removeNetwork(session),
  }
  const kindOf = ({ thing }: LedgerEntry): RemovableKind => {
    const kind = kinds[thing.kind]
    if (kind === undefined) throw new Error(`bug: ${thing.kind} has a rank and cannot be removed`)
    return kind
  }
  return {
    order,
    look: async (entry, call) => {
      await session.identity(call)
      const seen = await kindOf(entry).look(entry, call)
      if (seen === null) return 'gone'
      return seen.ours ? 'ours' : 'not-ours'
    },
    remove: (entry, call) => remove(session, kindOf(entry), entry, call),
  }
}

async function remove(
  session: AwsSession,
  kind: RemovableKind,
  entry: LedgerEntry,
  call: RemovalCall,
): Promise<RemovalOutcome> {
  await session.identity(call)
  const first = await kind.look(entry, call)
  if (first === null) return { kind: 'was-gone' }
  if (!first.ours) return { kind: 'refused' }
  await kind.begin(entry, first, call)
  const look = async () => {
    const seen = await kind.look(entry, call)
    if (seen === null) return { kind: 'ready' as const, found: undefined }
    return { kind: 'not-yet' as const, state: seen.state }
  }
  await waitFor(session, entry.thing, { look, longestMs: 60 * minuteMs }, call)
  return { kind: 'removed' }
}
