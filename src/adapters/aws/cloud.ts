import type { Cloud } from '../../ports/cloud.ts'
import { ensureBucket } from './buckets.ts'
import { describeGroup } from './cache-group.ts'
import { restoreGroup } from './cache-group-restore.ts'
import { ensureCacheSnapshot, ensureSeed } from './caches.ts'
import { upgradeDatabase } from './database-upgrade.ts'
import { describeDatabase, ensureDatabase, ensureDatabaseSnapshot } from './databases.ts'
import { ensureNetwork } from './network.ts'
import { awsRemoval } from './removal.ts'
import { type AwsSettings, openSession } from './session.ts'
import { ensureObject } from './upload.ts'
import { ensureUser, issueKey } from './users.ts'

/** One account and region of AWS. Asks nothing before the first call. */
export function awsCloud(settings: AwsSettings): Cloud {
  const session = openSession(settings)
  return {
    identity: (call) => session.identity(call),
    networks: {
      ensure: (goal, making, call) => ensureNetwork(session, goal, making, call),
    },
    databases: {
      ensure: (goal, making, call) => ensureDatabase(session, goal, making, call),
      describe: (name, call) => describeDatabase(session, name, call),
      ensureSnapshot: (name, of, making, call) => ensureDatabaseSnapshot(session, name, of, making, call),
      upgrade: (upgrade, making, call) => upgradeDatabase(session, upgrade, making, call),
    },
    caches: {
      ensureSeed: (goal, making, call) => ensureSeed(session, goal, making, call),
      ensureSnapshot: (name, of, making, call) => ensureCacheSnapshot(session, name, of, making, call),
      describeGroup: (group, call) => describeGroup(session, group, call),
      restoreGroup: (restore, making, call) => restoreGroup(session, restore, making, call),
    },
    buckets: {
      ensure: (goal, making, call) => ensureBucket(session, goal, making, call),
      ensureObject: (at, file, call) => ensureObject(session, at, file, call),
    },
    users: {
      ensure: (goal, making, call) => ensureUser(session, goal, making, call),
      issueKey: (user, making, call) => issueKey(session, user, making, call),
    },
    removal: awsRemoval(session),
  }
}
