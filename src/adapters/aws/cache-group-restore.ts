import { CreateReplicationGroupCommand, DeleteReplicationGroupCommand } from '@aws-sdk/client-elasticache'
import type { CacheGroupRestore, CacheGroupRestored, CloudCall } from '../../ports/cloud.ts'
import type { MadeThing, Making } from '../../ports/ledger.ts'
import { type DescribedGroup, findGroup, type GroupAttributes, groupStateOf, readAttributes } from './cache-group.ts'
import { ensureCacheSnapshot, findCacheSnapshot } from './caches.ts'
import { nameOf } from './ensure.ts'
import { fault } from './faults.ts'
import { marksOf, type Tag, thingAt, valueOf } from './marks.ts'
import type { AwsSession } from './session.ts'
import { byState, waitFor } from './wait.ts'

const minuteMs = 60_000
const restoredKey = 'threeshift:restored-from'
const failedStates = new Set(['create-failed', 'restore-failed'])

interface Kept {
  readonly attributes: GroupAttributes
  readonly hostBefore: string
}

/**
 * See `CloudCaches.restoreGroup`.
 *
 * States, by what is seen: it holds something else → described into the ledger, snapshot taken, deleted → deleting → gone →
 * made anew, marked with the snapshot → available. A call that finds it anywhere on that way goes on from there.
 */
export async function restoreGroup(
  session: AwsSession,
  restore: CacheGroupRestore,
  making: Making,
  call: CloudCall,
): Promise<CacheGroupRestored> {
  const thing = thingAt(session, 'cache-group', restore.group)
  await session.identity(call)
  const found = await findGroup(session, restore.group, call)
  const isRestored = found !== null && valueOf(found.tags, restoredKey) === restore.fromSnapshot
  const hasFailed = isRestored && failedStates.has(found.group.Status ?? '')
  if (!isRestored || hasFailed) {
    const snapshot = await findCacheSnapshot(session, restore.fromSnapshot, call)
    if (snapshot?.SnapshotStatus !== 'available') {
      const state = snapshot?.SnapshotStatus ?? 'not there'
      throw fault('CLOUD_FAILED_STATE', { what: `cache-snapshot ${restore.fromSnapshot}`, state })
    }
    // What failed to be made holds nothing that a snapshot could keep, and its attributes are in the ledger.
    if (found !== null && !hasFailed && found.group.Status !== 'deleting') {
      await remember(session, thing, restore, found, making, call)
      await ensureCacheSnapshot(session, restore.safetySnapshot, { kind: 'group', name: restore.group }, making, call)
    }
    if (found !== null) await deleteGroup(session, thing, restore, found, call)
    await makeGroup(session, thing, restore, await recall(session, thing), making, call)
  }
  const kept = await recall(session, thing)
  const whole = async () => {
    const now = await findGroup(session, restore.group, call)
    return byState(now?.group, now?.group.Status, 'available')
  }
  const group = await waitFor(session, thing, { look: whole, longestMs: 60 * minuteMs }, call)
  if (group === undefined) throw new Error('bug: a group that is not there was available')
  await session.ledger.confirm(thing, group.ARN ?? null)
  const attributes = { ...kept.attributes }
  return { ...groupStateOf(group), attributes, hostBefore: kept.hostBefore, restoredFrom: restore.fromSnapshot }
}

/** In the ledger before anything is deleted: afterwards nobody could say what the group was like. */
async function remember(
  session: AwsSession,
  thing: MadeThing,
  restore: CacheGroupRestore,
  found: DescribedGroup,
  making: Making,
  call: CloudCall,
): Promise<void> {
  const attributes = await readAttributes(session, found, call)
  const details = {
    attributes: JSON.stringify(attributes),
    hostBefore: groupStateOf(found.group).primaryHost,
    safetySnapshot: restore.safetySnapshot,
  }
  // The group is the destination's, before and after.
  await session.ledger.intend(thing, { ...making, upkeep: 'keep' }, details)
  await session.ledger.confirm(thing, found.group.ARN ?? null, details)
}

async function recall(session: AwsSession, thing: MadeThing): Promise<Kept> {
  const entries = await session.ledger.list()
  const entry = entries.find(({ thing: { kind, place, name } }) => {
    return kind === thing.kind && place === thing.place && name === thing.name
  })
  const { attributes, hostBefore = '' } = entry?.details ?? {}
  if (attributes === undefined) throw fault('CLOUD_GROUP_GONE', { group: thing.name })
  // Written by `remember`, of this type.
  return { attributes: JSON.parse(attributes) as GroupAttributes, hostBefore }
}

async function deleteGroup(
  session: AwsSession,
  thing: MadeThing,
  { group }: CacheGroupRestore,
  found: DescribedGroup,
  call: CloudCall,
): Promise<void> {
  if (found.group.Status !== 'deleting') {
    const ask = new DeleteReplicationGroupCommand({ ReplicationGroupId: group, RetainPrimaryCluster: false })
    const codes = {
      done: ['ReplicationGroupNotFound', 'ReplicationGroupNotFoundFault'],
      settling: ['InvalidReplicationGroupState', 'InvalidReplicationGroupStateFault'],
    }
    await session.change(call, (o) => session.elastiCache.send(ask, o), codes)
  }
  const gone = async () => {
    const now = await findGroup(session, group, call)
    return now === null
      ? { kind: 'ready' as const, found: undefined }
      : { kind: 'not-yet' as const, state: now.group.Status ?? 'unknown' }
  }
  await waitFor(session, thing, { look: gone, longestMs: 60 * minuteMs }, call)
}

async function makeGroup(
  session: AwsSession,
  thing: MadeThing,
  restore: CacheGroupRestore,
  { attributes }: Kept,
  making: Making,
  call: CloudCall,
): Promise<void> {
  const marks = marksOf(thing, making, { [restoredKey]: restore.fromSnapshot })
  const input = {
    ...attributes,
    ...(restore.nodeType === undefined ? {} : { CacheNodeType: restore.nodeType }),
    ReplicationGroupId: restore.group,
    SnapshotName: restore.fromSnapshot,
    Tags: merged(
      attributes.Tags ?? [],
      marks.filter(({ Key }) => keptMarks.has(Key)),
    ),
  }
  // A service may still hold an id that it says is gone; then it is asked again, and it is looked at what is there.
  const settling = [
    'ReplicationGroupAlreadyExists',
    'ReplicationGroupAlreadyExistsFault',
    'CacheClusterAlreadyExists',
    'InvalidReplicationGroupState',
    'InvalidReplicationGroupStateFault',
  ]
  const create = new CreateReplicationGroupCommand(input)
  await session.change(call, (o) => session.elastiCache.send(create, o), { settling })
  const there = async () => {
    const now = await findGroup(session, restore.group, call)
    if (now === null) return { kind: 'not-yet' as const, state: 'not seen yet' }
    if (valueOf(now.tags, restoredKey) === restore.fromSnapshot) return { kind: 'ready' as const, found: undefined }
    throw fault('CLOUD_NAME_TAKEN', { what: nameOf(thing) })
  }
  await waitFor(session, thing, { look: there, longestMs: session.pace.settleMs }, call)
}

/** The group is the destination's: it bears what it is restored from, and no mark that says that it is to be removed. */
const keptMarks = new Set([restoredKey])

function merged(
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[],
  more: readonly Tag[],
): Tag[] {
  const all = new Map([...tags, ...more].map(({ Key = '', Value = '' }) => [Key, Value]))
  return [...all].map(([Key, Value]) => ({ Key, Value }))
}
