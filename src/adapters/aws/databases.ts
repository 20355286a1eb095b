import {
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  type DBInstance,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
} from '@aws-sdk/client-rds'
import type { CloudCall, DatabaseGoal, DatabaseState } from '../../ports/cloud.ts'
import type { Making } from '../../ports/ledger.ts'
import { offeredVersion } from './database-versions.ts'
import { ensure } from './ensure.ts'
import { fault } from './faults.ts'
import { bearsMark, marksOf, thingAt } from './marks.ts'
import type { AwsSession } from './session.ts'
import { byState, waitFor } from './wait.ts'

const minuteMs = 60_000
const backupDays = 7

/** See `CloudDatabases.ensure`. An engine that was upgraded since is left at its version. */
export async function ensureDatabase(
  session: AwsSession,
  goal: DatabaseGoal,
  making: Making,
  call: CloudCall,
): Promise<DatabaseState> {
  const thing = thingAt(session, 'db-instance', goal.name)
  const look = () => findInstance(session, goal.name, call)
  const create = async () => {
    const input = {
      DBInstanceIdentifier: goal.name,
      Engine: goal.engine,
      EngineVersion: await offeredVersion(session, goal, call),
      DBInstanceClass: goal.instanceClass,
      AllocatedStorage: goal.storageGiB,
      MaxAllocatedStorage: goal.largestStorageGiB,
      DBSubnetGroupName: goal.subnetGroup,
      VpcSecurityGroupIds: [...goal.securityGroupIds],
      DBName: goal.database,
      MasterUsername: goal.user,
      MasterUserPassword: goal.password.reveal('RDS sets it as the master password'),
      StorageEncrypted: true,
      PubliclyAccessible: false,
      DeletionProtection: true,
      MultiAZ: false,
      AutoMinorVersionUpgrade: false,
      CopyTagsToSnapshot: true,
      BackupRetentionPeriod: backupDays,
      Tags: marksOf(thing, making),
    }
    const codes = { done: ['DBInstanceAlreadyExists', 'DBInstanceAlreadyExistsFault'] }
    return session.change(call, (o) => session.rds.send(new CreateDBInstanceCommand(input), o), codes)
  }
  const isOurs = ({ TagList }: DBInstance) => bearsMark(TagList, making.migration)
  const instance = await ensure(session, { thing, making, look, create, isOurs, idOf: arnOf }, call)
  if (instance.Engine !== goal.engine) {
    const differs = { property: 'engine', has: instance.Engine ?? 'none', wanted: goal.engine }
    throw fault('CLOUD_DIFFERS', { what: `db-instance ${goal.name}`, ...differs })
  }
  const usable = async () => {
    const now = await look()
    return byState(now ?? instance, now?.DBInstanceStatus ?? 'gone', 'available')
  }
  return stateOf(await waitFor(session, thing, { look: usable, longestMs: 60 * minuteMs }, call))
}

export async function describeDatabase(
  session: AwsSession,
  name: string,
  call: CloudCall,
): Promise<DatabaseState | null> {
  const found = await findInstance(session, name, call)
  return found === null ? null : stateOf(found)
}

export async function findInstance(session: AwsSession, name: string, call: CloudCall): Promise<DBInstance | null> {
  const ask = new DescribeDBInstancesCommand({ DBInstanceIdentifier: name })
  const absent = ['DBInstanceNotFound', 'DBInstanceNotFoundFault']
  const answer = await session.find(call, absent, (o) => session.rds.send(ask, o))
  return answer?.DBInstances?.[0] ?? null
}

/** See `CloudDatabases.ensureSnapshot`. */
export async function ensureDatabaseSnapshot(
  session: AwsSession,
  name: string,
  ofDatabase: string,
  making: Making,
  call: CloudCall,
): Promise<void> {
  const thing = thingAt(session, 'db-snapshot', name)
  const look = () => findDatabaseSnapshot(session, name, call)
  const create = () => {
    const input = { DBSnapshotIdentifier: name, DBInstanceIdentifier: ofDatabase, Tags: marksOf(thing, making) }
    // Of a database that has just become available, a snapshot may have to wait for the first backup.
    const codes = {
      done: ['DBSnapshotAlreadyExists', 'DBSnapshotAlreadyExistsFault'],
      settling: ['InvalidDBInstanceState', 'InvalidDBInstanceStateFault'],
    }
    return session.change(call, (o) => session.rds.send(new CreateDBSnapshotCommand(input), o), codes)
  }
  type Snapshot = NonNullable<Awaited<ReturnType<typeof look>>>
  const isOurs = ({ TagList }: Snapshot) => bearsMark(TagList, making.migration)
  const idOf = ({ DBSnapshotArn }: Snapshot) => DBSnapshotArn ?? null
  const snapshot = await ensure(session, { thing, making, look, create, isOurs, idOf }, call)
  if (snapshot.DBInstanceIdentifier !== ofDatabase) {
    const differs = { property: 'database', has: snapshot.DBInstanceIdentifier ?? 'none', wanted: ofDatabase }
    throw fault('CLOUD_DIFFERS', { what: `db-snapshot ${name}`, ...differs })
  }
  const whole = async () => byState(undefined, (await look())?.Status, 'available')
  await waitFor(session, thing, { look: whole, longestMs: 120 * minuteMs }, call)
}

export async function findDatabaseSnapshot(session: AwsSession, name: string, call: CloudCall) {
  const ask = new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: name })
  const absent = ['DBSnapshotNotFound', 'DBSnapshotNotFoundFault']
  const answer = await session.find(call, absent, (o) => session.rds.send(ask, o))
  return answer?.DBSnapshots?.[0] ?? null
}

export function stateOf(instance: DBInstance): DatabaseState {
  const pending = Object.entries(instance.PendingModifiedValues ?? {}).filter(([, value]) => value !== undefined)
  return {
    name: instance.DBInstanceIdentifier ?? '',
    engine: instance.Engine ?? '',
    version: instance.EngineVersion ?? '',
    status: instance.DBInstanceStatus ?? '',
    host: instance.Endpoint?.Address ?? '',
    port: instance.Endpoint?.Port ?? 0,
    pending: pending.map(([name]) => name),
  }
}

function arnOf(instance: DBInstance): string | null {
  return instance.DBInstanceArn ?? null
}
