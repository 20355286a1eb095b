import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetPublicAccessBlockCommand,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3'
import type { BucketGoal, CloudCall } from '../../ports/cloud.ts'
import type { MadeThing, Making } from '../../ports/ledger.ts'
import { arnPrefixOf } from './caches.ts'
import { ensure } from './ensure.ts'
import { bearsMark, marksOf, type SeenTag, thingAt } from './marks.ts'
import type { AwsSession } from './session.ts'

const notThere = ['NoSuchBucket', 'NotFound']

/** See `CloudBuckets.ensure`. */
export async function ensureBucket(
  session: AwsSession,
  goal: BucketGoal,
  making: Making,
  call: CloudCall,
): Promise<void> {
  const thing = thingAt(session, 'bucket', goal.name)
  const { region } = session.place
  const Bucket = goal.name
  // What the service expects of every region but its first.
  const where = region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region } }
  const create = () =>
    // The names of regions are those of the settings; the SDK lists the ones it knew.
    session.change(
      call,
      (o) => session.s3.send(new CreateBucketCommand({ Bucket, ...where } as CreateBucketCommandInput), o),
      {
        done: ['BucketAlreadyOwnedByYou'],
      },
    )
  const look = () => findBucket(session, goal.name, call)
  const isOurs = (found: FoundBucket) => isOurBucket(session, found, thing, making.migration, call)
  const found = await ensure(session, { thing, making, look, create, isOurs, idOf: () => goal.name }, call)
  // A bucket cannot be made and marked in one call.
  if (!bearsMark(found.tags, making.migration)) {
    const mark = new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: marksOf(thing, making) } })
    await session.change(call, (o) => session.s3.send(mark, o))
  }
  await closeToPublic(session, Bucket, call)
  await encryptByDefault(session, Bucket, call)
  await setPolicy(session, goal, call)
}

interface FoundBucket {
  readonly name: string
  readonly tags: readonly SeenTag[]
}

/** Null: the account has no bucket of this name. One of another account is a fault of AWS: 403. */
export async function findBucket(session: AwsSession, Bucket: string, call: CloudCall): Promise<FoundBucket | null> {
  const ExpectedBucketOwner = session.place.account
  // Not HEAD: its refusals come without a body, and so without the code that says why.
  const locate = new GetBucketLocationCommand({ Bucket, ExpectedBucketOwner })
  if ((await session.find(call, notThere, (o) => session.s3.send(locate, o))) === null) return null
  const ask = new GetBucketTaggingCommand({ Bucket, ExpectedBucketOwner })
  const tagging = await session.find(call, [...notThere, 'NoSuchTagSet'], (o) => session.s3.send(ask, o))
  return { name: Bucket, tags: tagging?.TagSet ?? [] }
}

/**
 * Whether the bucket was made for the migration: it bears the mark; or it bears none and is empty, and the ledger says that it
 * is ours, so a crash came between making and marking.
 */
export async function isOurBucket(
  session: AwsSession,
  { name, tags }: FoundBucket,
  { kind, place }: MadeThing,
  migration: string,
  call: CloudCall,
): Promise<boolean> {
  if (bearsMark(tags, migration)) return true
  if (tags.length > 0) return false
  const entry = (await session.ledger.list()).find(({ thing }) => {
    return thing.kind === kind && thing.place === place && thing.name === name
  })
  if (entry === undefined || entry.state === 'gone' || entry.making.migration !== migration) return false
  const ask = new ListObjectVersionsCommand({ Bucket: name, MaxKeys: 1 })
  const listed = await session.read(call, (o) => session.s3.send(ask, o))
  return (listed.Versions ?? []).length + (listed.DeleteMarkers ?? []).length === 0
}

async function closeToPublic(session: AwsSession, Bucket: string, call: CloudCall): Promise<void> {
  const closed = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true }
  const ask = new GetPublicAccessBlockCommand({ Bucket })
  const absent = ['NoSuchPublicAccessBlockConfiguration']
  const now = await session.find(call, absent, (o) => session.s3.send(ask, o))
  const has: Readonly<Record<string, boolean | undefined>> = { ...now?.PublicAccessBlockConfiguration }
  if (Object.keys(closed).every((name) => has[name] === true)) return
  const close = new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: closed })
  await session.change(call, (o) => session.s3.send(close, o))
}

/** S3 does this by itself since 2023; other stores may not. Never KMS: a cache could not load from it. */
async function encryptByDefault(session: AwsSession, Bucket: string, call: CloudCall): Promise<void> {
  const ask = new GetBucketEncryptionCommand({ Bucket })
  const absent = ['ServerSideEncryptionConfigurationNotFoundError']
  const now = await session.find(call, absent, (o) => session.s3.send(ask, o))
  if ((now?.ServerSideEncryptionConfiguration?.Rules ?? []).length > 0) return
  const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }]
  const encrypt = new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } })
  await session.change(call, (o) => session.s3.send(encrypt, o))
}

async function setPolicy(session: AwsSession, goal: BucketGoal, call: CloudCall): Promise<void> {
  const Bucket = goal.name
  const wanted = bucketPolicy(goal, session.place.region, session.isTls)
  if (wanted.Statement.length === 0) return
  const ask = new GetBucketPolicyCommand({ Bucket })
  const now = await session.find(call, ['NoSuchBucketPolicy'], (o) => session.s3.send(ask, o))
  if (now?.Policy !== undefined && sameJson(now.Policy, wanted)) return
  const put = new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(wanted) })
  await session.change(call, (o) => session.s3.send(put, o))
}

/** Who may do what, besides the account itself. A store that is spoken to without TLS would refuse everybody by the first rule. */
export function bucketPolicy({ name, readableByCaches }: BucketGoal, region: string, tls: boolean) {
  const arn = `${arnPrefixOf(region)}:s3:::${name}`
  const Resource = [arn, `${arn}/*`]
  const tlsOnly = {
    Sid: 'OnlyOverTls',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource,
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  }
  const caches = {
    Sid: 'CachesLoadFromIt',
    Effect: 'Allow',
    Principal: { Service: `${region}.elasticache-snapshot.amazonaws.com` },
    Action: ['s3:GetObject', 's3:ListBucket', 's3:GetBucketAcl'],
    Resource,
  }
  return { Version: '2012-10-17', Statement: [...(tls ? [tlsOnly] : []), ...(readableByCaches ? [caches] : [])] }
}

/** Services give JSON back in their own order of keys. */
export function sameJson(text: string, value: unknown): boolean {
  const sorted = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(sorted)
    if (part === null || typeof part !== 'object') return part
    return Object.fromEntries(
      Object.entries(part)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, sorted(inner)]),
    )
  }
  try {
    return JSON.stringify(sorted(JSON.parse(text))) === JSON.stringify(sorted(value))
  } catch {
    return false
  }
}
