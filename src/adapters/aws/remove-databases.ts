import { DeleteDBInstanceCommand, DeleteDBSnapshotCommand, ModifyDBInstanceCommand } from '@aws-sdk/client-rds'
import { findDatabaseSnapshot, findInstance } from './databases.ts'
import { deletion, type RemovableKinds, seenByTags } from './removable.ts'
import type { AwsSession } from './session.ts'

const busy = ['InvalidDBInstanceState', 'InvalidDBInstanceStateFault']

export function removeDatabases(session: AwsSession): RemovableKinds {
  return {
    'db-instance': {
      look: async (entry, call) => {
        const found = await findInstance(session, entry.thing.name, call)
        return found === null ? null : seenByTags(found.TagList, entry, found.DBInstanceStatus)
      },
      begin: async ({ thing }, { state }, call) => {
        if (state === 'deleting') return
        const DBInstanceIdentifier = thing.name
        const found = await findInstance(session, thing.name, call)
        if (found?.DeletionProtection === true) {
          const input = { DBInstanceIdentifier, DeletionProtection: false, ApplyImmediately: true }
          await session.change(call, (o) => session.rds.send(new ModifyDBInstanceCommand(input), o), { settling: busy })
        }
        // What of it is to be kept is in a snapshot of its own.
        const input = { DBInstanceIdentifier, SkipFinalSnapshot: true, DeleteAutomatedBackups: true }
        const codes = { done: ['DBInstanceNotFound', 'DBInstanceNotFoundFault'], settling: busy }
        await session.change(call, (o) => session.rds.send(new DeleteDBInstanceCommand(input), o), codes)
      },
    },
    'db-snapshot': {
      look: async (entry, call) => {
        const found = await findDatabaseSnapshot(session, entry.thing.name, call)
        return found === null ? null : seenByTags(found.TagList, entry, found.Status)
      },
      begin: deletion(
        session,
        (DBSnapshotIdentifier, o) => session.rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier }), o),
        { done: ['DBSnapshotNotFound', 'DBSnapshotNotFoundFault'], settling: ['InvalidDBSnapshotState'] },
      ),
    },
  }
}
