import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { CreateVpcCommand, DeleteVpcCommand, EC2Client } from '@aws-sdk/client-ec2'
import { awsCloud } from '../../src/adapters/aws/cloud.ts'
import type { AwsPace, AwsSettings } from '../../src/adapters/aws/session.ts'
import { type EpochMs, systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { fileLedger } from '../../src/ledger/file-ledger.ts'
import type { Cloud } from '../../src/ports/cloud.ts'
import type { Ledger, Making } from '../../src/ports/ledger.ts'
import { type AwsFront, isLook, startAwsFront } from './aws-front.ts'
import { withMoto } from './moto.ts'
import { temporaryFolder } from './servers.ts'

/** The code of the fault that the work ends with; anything else fails the test. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.fail('it worked'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof Fault, String(error))
  return error.code
}

/** Never aborted, and told nothing. */
export const call = { signal: new AbortController().signal }

export const account = '123456789012'
export const region = 'eu-west-1' as const
export const place = `aws:${account}:${region}`
export const infrastructure = 'mig-x7k2p'

const quick: AwsPace = {
  lookEveryMs: 2,
  backOffMs: [2, 4, 8, 16],
  settleMs: 2000,
  longestWaitMs: 60_000,
  looksBeforeGivenUp: 4,
}

export const making: Making = {
  migration: 'acme-production',
  owner: 'rhoam-eng',
  purpose: 'stand-alone network of the migration',
  row: 'standalone-vpc',
  // Far away: tests of expiry set their own. Branding is what the cast is for.
  expiresAtMs: 4_102_444_800_000 as EpochMs,
  upkeep: 'remove',
}

export interface TestCloud {
  readonly cloud: Cloud
  readonly ledger: Ledger
  readonly ledgerFile: string
}

/** A private AWS behind a front, with settings for what it leaves out; one for all tests of the file. */
export function withAws(gaps: object): {
  readonly front: () => AwsFront
  /** A cloud with a ledger of its own, or with the given one. */
  /** Actions of the front's calls since the given number of them that were no looks. */
  readonly changesSince: (before: number) => readonly string[]
  readonly open: (settings?: Partial<AwsSettings>, ledgerFile?: string) => TestCloud
} {
  const moto = withMoto({ MOTO_GAPS: JSON.stringify(gaps) })
  const dir = temporaryFolder()
  let front: AwsFront | undefined
  const running = () => {
    if (front === undefined) throw new Error('the front is not there yet: ask for it inside a test')
    return front
  }
  before(async () => {
    front = await startAwsFront(moto().endpoint)
  })
  after(() => front?.stop())
  return {
    front: running,
    changesSince: (before) =>
      running()
        .calls.slice(before)
        .filter((call) => !isLook(call))
        .map(({ action }) => action),
    open: (settings = {}, ledgerFile = join(mkdtempSync(join(dir, 'l-')), 'ledger.jsonl')) => {
      const ledger = fileLedger(ledgerFile, systemClock)
      const cloud = awsCloud({
        place: { account, region },
        credentials: { kind: 'keys', id: 'AKIAIOSFODNN7EXAMPLE', secret: new Secret('the-secret-key-of-tests') },
        endpoint: running().endpoint,
        ledger,
        clock: systemClock,
        pace: quick,
        ...settings,
      })
      return { cloud, ledger, ledgerFile }
    },
  }
}

/** A client for what tests set up by themselves, outside the front. */
export function ec2At(endpoint: string): EC2Client {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return new EC2Client({ endpoint, region, credentials })
}

/** The network of a cluster as its installer leaves it. Out: its id, and what takes it away again. */
export async function makeClusterNetwork(endpoint: string, name: string, cidr = '10.0.0.0/16') {
  const ec2 = ec2At(endpoint)
  const Tags = [
    { Key: `kubernetes.io/cluster/${name}`, Value: 'owned' },
    { Key: 'red-hat-managed', Value: 'true' },
  ]
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: cidr, TagSpecifications: [{ ResourceType: 'vpc', Tags }] }),
  )
  const id = Vpc?.VpcId ?? ''
  return { id, remove: () => ec2.send(new DeleteVpcCommand({ VpcId: id })) }
}
