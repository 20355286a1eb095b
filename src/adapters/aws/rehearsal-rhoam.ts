import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  CreateReplicationGroupCommand,
  DescribeReplicationGroupsCommand,
  DescribeSnapshotsCommand,
  ElastiCacheClient,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-elasticache'
import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { refusalOf } from './sdk-faults.ts'
import { type AwsCredentials, credentialsFor } from './session.ts'

/** The customer's account in an emulator, as RHOAM's resource operator and the rest of the world use it. */
export interface RehearsedAccount {
  readonly endpoint: string
  readonly region: string
  readonly credentials: AwsCredentials
}

const restoredTag = 'threeshift:restored-from'

/** What cloud-resource-operator gives a group, in a small size. Source: its `pkg/providers/aws`. */
const groupOfRhoam = {
  ReplicationGroupDescription: 'A Redis replication group',
  NumCacheClusters: 2,
  AutomaticFailoverEnabled: true,
  CacheNodeType: 'cache.t3.micro',
  Engine: 'redis',
  EngineVersion: '7.1',
  CacheSubnetGroupName: 'default',
  SecurityGroupIds: ['sg-0a1b2c3d4e5f60718'],
  AtRestEncryptionEnabled: true,
  SnapshotRetentionLimit: 31,
  Tags: [
    { Key: 'integreatly.org/product-name', Value: '3scale' },
    { Key: 'red-hat-managed', Value: 'true' },
  ],
}

export async function makeCacheGroup(account: RehearsedAccount, group: string): Promise<void> {
  await cachesOf(account).send(new CreateReplicationGroupCommand({ ...groupOfRhoam, ReplicationGroupId: group }))
}

/** Of a group that is there: what it was made of; null: there is none of this id. */
export async function originOf(
  account: RehearsedAccount,
  group: string,
): Promise<{ readonly snapshot: string | null; readonly isOfGroup: boolean } | null> {
  const client = cachesOf(account)
  const ask = new DescribeReplicationGroupsCommand({ ReplicationGroupId: group })
  const found = await client.send(ask).catch((error: unknown) => {
    if (refusalOf(error)?.code.startsWith('ReplicationGroupNotFound') === true) return null
    throw error
  })
  const [state] = found?.ReplicationGroups ?? []
  if (state?.ARN === undefined) return null
  const { TagList } = await client.send(new ListTagsForResourceCommand({ ResourceName: state.ARN }))
  const snapshot = TagList?.find(({ Key }) => Key === restoredTag)?.Value ?? null
  if (snapshot === null) return { snapshot, isOfGroup: false }
  const { Snapshots } = await client.send(new DescribeSnapshotsCommand({ SnapshotName: snapshot }))
  return { snapshot, isOfGroup: Snapshots?.[0]?.ReplicationGroupId !== undefined }
}

export async function makeBucket({ region, ...account }: RehearsedAccount, Bucket: string): Promise<void> {
  // The SDK lists the regions that it knew; the world's is one of them.
  const where = { CreateBucketConfiguration: { LocationConstraint: region } } as Partial<CreateBucketCommandInput>
  await filesOf({ region, ...account }).send(new CreateBucketCommand({ Bucket, ...where }))
}

export async function putFile(
  account: RehearsedAccount,
  at: { readonly bucket: string; readonly key: string },
  body: Buffer,
  type: string,
): Promise<void> {
  await filesOf(account).send(new PutObjectCommand({ Bucket: at.bucket, Key: at.key, Body: body, ContentType: type }))
}

/** Writes the first object of a bucket whose key ends so into a file; false: there is none. */
export async function fetchFile(
  account: RehearsedAccount,
  bucket: string,
  ending: string,
  file: string,
): Promise<boolean> {
  const client = filesOf(account)
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
  const Key = Contents?.find((object) => object.Key?.endsWith(ending) === true)?.Key
  if (Key === undefined) return false
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
  if (!(Body instanceof Readable)) throw new Error('bug: the SDK gave a body that is no stream of Node')
  await pipeline(Body, createWriteStream(file, { mode: 0o600 }))
  return true
}

function cachesOf({ endpoint, region, credentials }: RehearsedAccount): ElastiCacheClient {
  return new ElastiCacheClient({ endpoint, region, ...credentialsFor(credentials) })
}

function filesOf({ endpoint, region, credentials }: RehearsedAccount): S3Client {
  return new S3Client({ endpoint, region, forcePathStyle: true, ...credentialsFor(credentials) })
}
