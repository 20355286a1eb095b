import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { DeleteReplicationGroupCommand, ElastiCacheClient } from '@aws-sdk/client-elasticache'
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { bucketPolicy } from '../../../src/adapters/aws/buckets.ts'
import { Fault } from '../../../src/base/fault.ts'
import { call, codeOf, making, region, withAws } from '../../support/aws-cloud.ts'
import { enforceIam } from '../../support/moto.ts'
import { temporaryFolder } from '../../support/servers.ts'

const bucket = 'threeshift-acme-exchange'
const user = {
  name: 'threeshift-acme-rhoam-eng',
  rights: [
    { kind: 'bucket', bucket },
    { kind: 'restore-cache', group: 'dest-backend' },
  ],
} as const

describe('a bucket and a user', () => {
  const aws = withAws({})
  const dir = temporaryFolder()
  after(() => rm(dir, { recursive: true, force: true }))
  const s3 = () => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    return new S3Client({ endpoint: aws.front().endpoint, region, credentials, forcePathStyle: true })
  }

  test('the bucket is closed, encrypted and readable by caches; a second run changes nothing', async () => {
    const { cloud } = aws.open()
    const goal = { name: bucket, readableByCaches: true }
    await cloud.buckets.ensure(goal, making, call)
    const { PublicAccessBlockConfiguration: closed } = await s3().send(
      new GetPublicAccessBlockCommand({ Bucket: bucket }),
    )
    assert.deepEqual(Object.values(closed ?? {}), [true, true, true, true])
    const before = aws.front().calls.length
    await cloud.buckets.ensure(goal, making, call)
    assert.deepEqual(aws.changesSince(before), [])
    const { Statement } = bucketPolicy(goal, region, true)
    assert.deepEqual(
      Statement.map(({ Effect, Principal, Action }) => [Effect, Principal, Action]),
      [
        ['Deny', '*', 's3:*'],
        [
          'Allow',
          { Service: 'eu-west-1.elasticache-snapshot.amazonaws.com' },
          ['s3:GetObject', 's3:ListBucket', 's3:GetBucketAcl'],
        ],
      ],
    )
  })

  test('a bucket of somebody else is not taken over, and one that a crash left unmarked is', async () => {
    const { cloud, ledger } = aws.open()
    const Bucket = 'somebodys-bucket'
    const CreateBucketConfiguration = { LocationConstraint: region }
    await s3().send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }))
    const goal = { name: Bucket, readableByCaches: false }
    assert.equal(await codeOf(cloud.buckets.ensure(goal, making, call)), 'CLOUD_NAME_TAKEN')
    assert.deepEqual(await ledger.list(), [])
    aws.front().fate = ({ action }) =>
      action === 'PUT bucket?tagging' ? { kind: 'refuse', status: 403, code: 'AccessDenied' } : { kind: 'pass' }
    const crashed = { ...goal, name: 'threeshift-unmarked' }
    await codeOf(cloud.buckets.ensure(crashed, making, call))
    aws.front().fate = () => ({ kind: 'pass' })
    await cloud.buckets.ensure(crashed, making, call)
  })

  test('a file of several parts arrives whole, once', async () => {
    const { cloud } = aws.open()
    const content = randomBytes(33 * 1024 * 1024)
    const file = join(dir, 'dump.rdb')
    await writeFile(file, content)
    const at = { bucket, key: 'seed/dump.rdb' }
    const sha256 = createHash('sha256').update(content).digest('hex')
    assert.deepEqual(await cloud.buckets.ensureObject(at, file, call), { bytes: content.length, sha256 })
    const { Body } = await s3().send(new GetObjectCommand({ Bucket: at.bucket, Key: at.key }))
    assert.ok(content.equals(Buffer.from((await Body?.transformToByteArray()) ?? [])))
    const before = aws.front().calls.length
    await cloud.buckets.ensureObject(at, file, call)
    assert.deepEqual(aws.changesSince(before), [])
    assert.equal(await codeOf(cloud.buckets.ensureObject(at, join(dir, 'absent'), call)), 'CLOUD_FILE_UNREADABLE')
    aws.front().fate = ({ action }) => {
      // The first part is on its way, and the file becomes another one.
      if (action === 'PUT object?partNumber') writeFileSync(file, Buffer.alloc(content.length))
      return { kind: 'pass' }
    }
    await writeFile(file, randomBytes(content.length))
    assert.equal(await codeOf(cloud.buckets.ensureObject(at, file, call)), 'CLOUD_FILE_CHANGED')
    aws.front().fate = () => ({ kind: 'pass' })
    const kept = await s3().send(new GetObjectCommand({ Bucket: at.bucket, Key: at.key }))
    assert.ok(
      content.equals(Buffer.from((await kept.Body?.transformToByteArray()) ?? [])),
      'the earlier one is still there',
    )
  })

  test('the user has exactly its rights; a second run changes nothing, and narrower rights take the wider away', async () => {
    const { cloud } = aws.open()
    await cloud.users.ensure(user, making, call)
    const before = aws.front().calls.length
    await cloud.users.ensure(user, making, call)
    assert.deepEqual(aws.changesSince(before), [])
    await cloud.users.ensure({ ...user, rights: [user.rights[0]] }, making, call)
    assert.deepEqual(aws.changesSince(before), ['DetachUserPolicy'])
    await cloud.users.ensure(user, making, call)
    assert.deepEqual(aws.changesSince(before), ['DetachUserPolicy', 'AttachUserPolicy'])
  })

  test('with its key the user reaches its own bucket, and nothing else', async () => {
    const { cloud } = aws.open()
    await cloud.users.ensure(user, making, call)
    const key = await cloud.users.issueKey(user.name, making, call)
    const credentials = { accessKeyId: key.id, secretAccessKey: key.secret.reveal('the test uses it') }
    const at = { endpoint: aws.front().endpoint, region, credentials }
    const s3 = new S3Client({ ...at, forcePathStyle: true })
    await enforceIam(aws.front(), true)
    try {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'mine', Body: 'x' }))
      const denied: readonly (() => Promise<unknown>)[] = [
        () => s3.send(new PutObjectCommand({ Bucket: 'somebodys-bucket', Key: 'theirs', Body: 'x' })),
        () => s3.send(new DeleteBucketCommand({ Bucket: bucket })),
        () => new IAMClient(at).send(new CreateUserCommand({ UserName: 'another' })),
        () => new ElastiCacheClient(at).send(new DeleteReplicationGroupCommand({ ReplicationGroupId: 'of-somebody' })),
        () => new EC2Client(at).send(new DescribeVpcsCommand({})),
      ]
      for (const ask of denied) await assert.rejects(ask(), /AccessDenied|not authorized/i)
    } finally {
      await enforceIam(aws.front(), false)
    }
  })

  test('a key is issued when AWS accepts it, and only the newest is left; its secret is nowhere', async () => {
    const { cloud, ledger, ledgerFile } = aws.open()
    await cloud.users.ensure(user, making, call)
    await cloud.identity(call)
    let refusals = 0
    aws.front().fate = ({ action }) => {
      if (action !== 'GetCallerIdentity' || refusals >= 2) return { kind: 'pass' }
      refusals += 1
      return { kind: 'refuse', status: 403, code: 'InvalidClientTokenId' }
    }
    await cloud.users.issueKey(user.name, making, call)
    aws.front().fate = () => ({ kind: 'pass' })
    assert.equal(refusals, 2, 'a new key is not known at once')
    const second = await cloud.users.issueKey(user.name, making, call)
    const entry = (await ledger.list()).find(({ thing }) => thing.kind === 'access-key')
    assert.equal(entry?.id, second.id)
    assert.ok(!(await readFile(ledgerFile, 'utf8')).includes(second.secret.reveal('the test looks for it')))
    await assert.rejects(cloud.users.issueKey('nobody', making, call), Fault)
  })
})
