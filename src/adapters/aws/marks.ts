import type { ResourceType } from '@aws-sdk/client-ec2'
import type { MadeThing, Making } from '../../ports/ledger.ts'
import type { AwsSession } from './session.ts'

/** As every service takes them. */
export interface Tag {
  readonly Key: string
  readonly Value: string
}

/** As services give them back. */
export interface SeenTag {
  readonly Key?: string | undefined
  readonly Value?: string | undefined
}

const migrationKey = 'threeshift:migration'

/** What everything made here bears, so that its bill and its end can be told without the ledger. */
export function marksOf(thing: MadeThing, making: Making, more: Readonly<Record<string, string>> = {}): Tag[] {
  const marks = {
    Name: thing.name,
    [migrationKey]: making.migration,
    'threeshift:owner': making.owner,
    'threeshift:purpose': making.purpose,
    'threeshift:row': making.row,
    'threeshift:expires': new Date(making.expiresAtMs).toISOString(),
    ...more,
  }
  return Object.entries(marks).map(([Key, value]) => ({ Key, Value: plain(value) }))
}

/** Whether tags say that a thing was made for this migration. */
export function bearsMark(tags: readonly SeenTag[] | undefined, migration: string): boolean {
  return valueOf(tags, migrationKey) === plain(migration)
}

/** `bearsMark` of whatever has tags. */
export function isMarked(making: Making): (found: { readonly Tags?: readonly SeenTag[] | undefined }) => boolean {
  return ({ Tags }) => bearsMark(Tags, making.migration)
}

export function valueOf(tags: readonly SeenTag[] | undefined, key: string): string | undefined {
  return tags?.find((tag) => tag.Key === key)?.Value
}

/** How EC2 takes the marks in the call that makes a thing. */
export function taggedAs(ResourceType: ResourceType, thing: MadeThing, making: Making) {
  return { TagSpecifications: [{ ResourceType, Tags: marksOf(thing, making) }] }
}

/** What finds things by their marks, for services that filter by tag. */
export function filterOf(thing: MadeThing, migration: string): { Name: string; Values: string[] }[] {
  return [
    { Name: `tag:${migrationKey}`, Values: [plain(migration)] },
    { Name: 'tag:Name', Values: [thing.name] },
  ]
}

export function thingAt(session: AwsSession, kind: string, name: string): MadeThing {
  return { kind, place: placeName(session.place), name }
}

export function placeName({ account, region }: AwsSession['place']): string {
  return `aws:${account}:${region}`
}

/** Every service takes letters, digits, spaces and these signs, and 256 characters. */
function plain(value: string): string {
  return value.replaceAll(/[^\p{L}\p{N} _.:/=+@-]/gu, '-').slice(0, 256)
}
