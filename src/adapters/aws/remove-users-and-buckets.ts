import {
  DeletePolicyCommand,
  DeleteUserCommand,
  DetachUserPolicyCommand,
  ListEntitiesForPolicyCommand,
} from '@aws-sdk/client-iam'
import {
  AbortMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3'
import type { RemovalCall } from '../../ports/cleanup.ts'
import { findBucket, isOurBucket } from './buckets.ts'
import { fault } from './faults.ts'
import { type RemovableKinds, seenByTags } from './removable.ts'
import type { AwsSession } from './session.ts'
import { attachedPolicies, deleteKeys, findPolicy, findUser, keysOf, policyArn } from './users.ts'

const absent = ['NoSuchEntity', 'NoSuchEntityException']

export function removeUsersAndBuckets(session: AwsSession): RemovableKinds {
  return {
    'access-key': {
      look: async (entry, call) => {
        const user = await findUser(session, entry.thing.name, call)
        if (user === null || (await keysOf(session, entry.thing.name, call)).length === 0) return null
        return seenByTags(user.Tags, entry, undefined)
      },
      begin: ({ thing }, _seen, call) => deleteKeys(session, thing.name, call),
    },
    user: {
      look: async (entry, call) => {
        const user = await findUser(session, entry.thing.name, call)
        return user === null ? null : seenByTags(user.Tags, entry, undefined)
      },
      begin: async ({ thing: { name: UserName } }, _seen, call) => {
        await deleteKeys(session, UserName, call)
        for (const PolicyArn of await attachedPolicies(session, UserName, call)) {
          const detach = new DetachUserPolicyCommand({ UserName, PolicyArn })
          await session.change(call, (o) => session.iam.send(detach, o), { done: absent })
        }
        const ask = new DeleteUserCommand({ UserName })
        const codes = { done: absent, settling: ['DeleteConflict', 'DeleteConflictException'] }
        await session.change(call, (o) => session.iam.send(ask, o), codes)
      },
    },
    policy: {
      look: async (entry, call) => {
        const policy = await findPolicy(session, entry.thing.name, call)
        return policy === null ? null : seenByTags(policy.Tags, entry, undefined)
      },
      begin: async ({ thing }, _seen, call) => {
        const PolicyArn = policyArn(session, thing.name)
        const entities = new ListEntitiesForPolicyCommand({ PolicyArn })
        const users = await session.find(call, absent, (o) => session.iam.send(entities, o))
        for (const { UserName } of users?.PolicyUsers ?? []) {
          const detach = new DetachUserPolicyCommand({ UserName, PolicyArn })
          await session.change(call, (o) => session.iam.send(detach, o), { done: absent })
        }
        const codes = { done: absent, settling: ['DeleteConflict', 'DeleteConflictException'] }
        await session.change(call, (o) => session.iam.send(new DeletePolicyCommand({ PolicyArn }), o), codes)
      },
    },
    bucket: {
      look: async (entry, call) => {
        const bucket = await findBucket(session, entry.thing.name, call)
        if (bucket === null) return null
        const ours = await isOurBucket(session, bucket, entry.thing, entry.making.migration, call)
        return { ours, state: 'there' }
      },
      begin: async ({ thing: { name: Bucket } }, _seen, call) => {
        await emptyBucket(session, Bucket, call)
        const codes = { done: ['NoSuchBucket'], settling: ['BucketNotEmpty'] }
        await session.change(call, (o) => session.s3.send(new DeleteBucketCommand({ Bucket }), o), codes)
      },
    },
  }
}

/** Every version of every object, and what was begun to be uploaded, which is stored and billed as well. */
async function emptyBucket(session: AwsSession, Bucket: string, call: RemovalCall): Promise<void> {
  const gone = ['NoSuchBucket']
  for (;;) {
    const ask = new ListObjectVersionsCommand({ Bucket, MaxKeys: 1000 })
    const page = await session.find(call, gone, (o) => session.s3.send(ask, o))
    const all = [...(page?.Versions ?? []), ...(page?.DeleteMarkers ?? [])]
    if (all.length === 0) break
    const Objects = all.map(({ Key, VersionId }) => ({ Key: Key ?? '', VersionId }))
    const remove = new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })
    const answer = await session.change(call, (o) => session.s3.send(remove, o), { done: gone })
    const [refused] = answer?.Errors ?? []
    if (refused !== undefined) throw fault('S3_DENIED', { address: `s3://${Bucket}/${refused.Key ?? ''}` })
  }
  const uploads = new ListMultipartUploadsCommand({ Bucket })
  const begun = await session.find(call, gone, (o) => session.s3.send(uploads, o))
  for (const { Key, UploadId } of begun?.Uploads ?? []) {
    const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId })
    await session.change(call, (o) => session.s3.send(abort, o), { done: ['NoSuchUpload'] })
  }
}
