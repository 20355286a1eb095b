import {
  DeleteDBInstanceCommand,
  DeleteDBSnapshotCommand,
  DeleteDBSubnetGroupCommand,
  ModifyDBInstanceCommand,
} from '@aws-sdk/client-rds'
import { findDatabaseSnapshot, findInstance } from './databases.ts'
import { type RemovableKinds, seenByTags } from './removable.ts'
import type { AwsSession } from './session.ts'
import { databaseSubnetGroupTags } from './subnet-groups.ts'

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
      begin: async ({ thing }, _seen, call) => {
        const ask = new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: thing.name })
        const codes = { done: ['DBSnapshotNotFound', 'DBSnapshotNotFoundFault'], settling: ['InvalidDBSnapshotState'] }
        await session.change(call, (o) => session.rds.send(ask, o), codes)
      },
    },
    'db-subnet-group': {
      look: async (entry, call) => {
        const tags = await databaseSubnetGroupTags(session, entry.thing.name, call)
        return tags === null ? null : seenByTags(tags, entry, undefined)
      },
      begin: async ({ thing }, _seen, call) => {
        const ask = new DeleteDBSubnetGroupCommand({ DBSubnetGroupName: thing.name })
        const codes = {
          done: ['DBSubnetGroupNotFoundFault', 'DBSubnetGroupNotFound'],
          settling: ['InvalidDBSubnetGroupStateFault', 'InvalidDBSubnetGroupState'],
        }
        await session.change(call, (o) => session.rds.send(ask, o), codes)
      },
    },
  }
}
