import { createHash } from 'node:crypto'
import type { CloudPlace, UserRight } from '../../ports/cloud.ts'
import { never } from '../../base/never.ts'
import { arnPrefixOf } from './caches.ts'

/** Names of what a migration makes beside a cache group begin so; the rights on caches and snapshots end there. */
export const cachePrefix = 'threeshift-'

export interface Policy {
  /** With a part of its content's hash: another content is another policy. */
  readonly name: string
  readonly document: string
}

/** The policies that give a user these rights in this account and region, and no more. */
export function policiesOf(user: string, rights: readonly UserRight[], place: CloudPlace): readonly Policy[] {
  return rights.map((right) => {
    const document = JSON.stringify({ Version: '2012-10-17', Statement: statementsOf(right, place) })
    const hash = createHash('sha256').update(document).digest('hex').slice(0, 8)
    return { name: `${user}-${right.kind}-${hash}`, document }
  })
}

function statementsOf(right: UserRight, { account, region }: CloudPlace): readonly object[] {
  const prefix = arnPrefixOf(region)
  switch (right.kind) {
    case 'bucket': {
      const bucket = `${prefix}:s3:::${right.bucket}`
      const onObjects = ['GetObject', 'PutObject', 'DeleteObject', 'AbortMultipartUpload', 'ListMultipartUploadParts']
      return [
        allow(['s3:ListBucket', 's3:GetBucketLocation', 's3:ListBucketMultipartUploads'], [bucket]),
        allow(
          onObjects.map((name) => `s3:${name}`),
          [`${bucket}/*`],
        ),
      ]
    }
    case 'restore-cache': {
      const arn = (kind: string, name: string) => `${prefix}:elasticache:${region}:${account}:${kind}:${name}`
      const own = [arn('cluster', `${cachePrefix}*`), arn('snapshot', `${cachePrefix}*`)]
      const group = [arn('replicationgroup', right.group), arn('cluster', `${right.group}*`)]
      const named = ['subnetgroup', 'parametergroup', 'usergroup'].map((kind) => arn(kind, '*'))
      const making = ['CreateCacheCluster', 'CreateSnapshot', 'CreateReplicationGroup', 'AddTagsToResource']
      const ending = ['DeleteCacheCluster', 'DeleteSnapshot', 'DeleteReplicationGroup']
      const looking = ['DescribeCacheClusters', 'DescribeReplicationGroups', 'DescribeSnapshots', 'ListTagsForResource']
      return [
        allow(
          looking.map((name) => `elasticache:${name}`),
          ['*'],
        ),
        allow(
          making.map((name) => `elasticache:${name}`),
          [...own, ...group, ...named],
        ),
        allow(
          ending.map((name) => `elasticache:${name}`),
          [...own, ...group],
        ),
      ]
    }
    default:
      return never(right)
  }
}

function allow(Action: readonly string[], Resource: readonly string[]) {
  return { Effect: 'Allow', Action, Resource }
}
