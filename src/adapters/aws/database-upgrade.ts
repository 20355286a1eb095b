import { type DBInstance, ModifyDBInstanceCommand } from '@aws-sdk/client-rds'
import type { CloudCall, DatabaseState, DatabaseUpgrade } from '../../ports/cloud.ts'
import type { Making } from '../../ports/ledger.ts'
import { isOfVersion, newestOf, upgradeTargets } from './database-versions.ts'
import { ensureDatabaseSnapshot, findInstance, stateOf } from './databases.ts'
import { fault } from './faults.ts'
import { bearsMark, thingAt } from './marks.ts'
import type { AwsSession } from './session.ts'
import { byState, type Seen, waitFor } from './wait.ts'

const minuteMs = 60_000

/**
 * See `CloudDatabases.upgrade`.
 *
 * States: at another version and idle → snapshot, then asked → pending (still `available`) → upgrading → at the new version.
 * A call that finds it anywhere on that way goes on from there; only an idle one is asked.
 */
export async function upgradeDatabase(
  session: AwsSession,
  upgrade: DatabaseUpgrade,
  making: Making,
  call: CloudCall,
): Promise<DatabaseState> {
  const { name, toVersion, safetySnapshot } = upgrade
  const thing = thingAt(session, 'db-instance', name)
  const what = `db-instance ${name}`
  const found = await findInstance(session, name, call)
  if (found === null) throw fault('CLOUD_DIFFERS', { what, property: 'state', has: 'not there', wanted: 'available' })
  if (!bearsMark(found.TagList, making.migration)) throw fault('CLOUD_NAME_TAKEN', { what })
  // Whatever is going on there ends first: a backup, or an upgrade that an earlier run has asked for.
  const settled = await waitFor(session, thing, { look: () => lookSettled(session, name, call), longestMs }, call)
  if (isOfVersion(settled.EngineVersion ?? '', toVersion)) return stateOf(settled)

  const { Engine = '', EngineVersion: from = '' } = settled
  const offered = await upgradeTargets(session, Engine, from, call)
  const target = newestOf(offered, toVersion)
  if (target === null) throw fault('CLOUD_NO_UPGRADE', { what, from, wanted: toVersion, offered })
  await ensureDatabaseSnapshot(session, safetySnapshot, name, making, call)
  const input = {
    DBInstanceIdentifier: name,
    EngineVersion: target,
    AllowMajorVersionUpgrade: true,
    ApplyImmediately: true,
  }
  const settling = ['InvalidDBInstanceState', 'InvalidDBInstanceStateFault']
  await session.change(call, (o) => session.rds.send(new ModifyDBInstanceCommand(input), o), { settling })
  let idleLooks = 0
  const upgraded = async (): Promise<Seen<DBInstance>> => {
    const now = await lookSettled(session, name, call)
    if (now.kind !== 'ready') {
      idleLooks = 0
      return now
    }
    if (now.found.EngineVersion === target) return now
    // It is idle at its old version for a while before it begins, and for good once RDS has given the upgrade up.
    idleLooks += 1
    if (idleLooks <= session.pace.looksBeforeGivenUp) return { kind: 'not-yet', state: 'available, not yet upgrading' }
    throw fault('CLOUD_UPGRADE_FAILED', { what, version: from, wanted: target, snapshot: safetySnapshot })
  }
  return stateOf(await waitFor(session, thing, { look: upgraded, longestMs }, call))
}

const longestMs = 180 * minuteMs

/** Ready when it is available and nothing of its version is still to come. */
async function lookSettled(session: AwsSession, name: string, call: CloudCall): Promise<Seen<DBInstance>> {
  const now = await findInstance(session, name, call)
  if (now === null) return { kind: 'failed', state: 'gone' }
  const next = now.PendingModifiedValues?.EngineVersion
  if (now.DBInstanceStatus === 'available' && next !== undefined) {
    return { kind: 'not-yet', state: `available, ${next} pending` }
  }
  return byState(now, now.DBInstanceStatus, 'available')
}
