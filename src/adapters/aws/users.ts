import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DetachUserPolicyCommand,
  GetPolicyCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
} from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { sleep } from '../../base/abort.ts'
import { Fault } from '../../base/fault.ts'
import { Secret } from '../../base/secret.ts'
import type { AccessKey, CloudCall, UserGoal } from '../../ports/cloud.ts'
import type { Making } from '../../ports/ledger.ts'
import { arnPrefixOf } from './caches.ts'
import { ensure, nameOf } from './ensure.ts'
import { fault } from './faults.ts'
import { isMarked, marksOf, thingAt } from './marks.ts'
import { type Policy, policiesOf } from './rights.ts'
import { awsFault } from './sdk-faults.ts'
import { type AwsSession } from './session.ts'

const absent = ['NoSuchEntity', 'NoSuchEntityException']
const exists = ['EntityAlreadyExists', 'EntityAlreadyExistsException']
/** Everything of ours in IAM is below it. */
const path = '/threeshift/'
/** IAM's parts do not all know a key at once: so many answers in a row are taken for all of them. */
const acceptedInARow = 3

/** See `CloudUsers.ensure`. */
export async function ensureUser(session: AwsSession, goal: UserGoal, making: Making, call: CloudCall): Promise<void> {
  const UserName = goal.name
  const thing = thingAt(session, 'user', goal.name)
  const create = () => {
    const input = { UserName, Path: path, Tags: marksOf(thing, making) }
    return session.change(call, (o) => session.iam.send(new CreateUserCommand(input), o), { done: exists })
  }
  const look = () => findUser(session, goal.name, call)
  await ensure(session, { thing, making, look, create, isOurs: isMarked(making), idOf: ({ Arn }) => Arn ?? null }, call)

  const policies = policiesOf(goal.name, goal.rights, session.place)
  const wanted = new Set<string>()
  for (const policy of policies) wanted.add(await ensurePolicy(session, policy, making, call))
  const attached = new Set(await attachedPolicies(session, goal.name, call))
  for (const PolicyArn of wanted) {
    if (attached.has(PolicyArn)) continue
    const attach = new AttachUserPolicyCommand({ UserName, PolicyArn })
    await session.change(call, (o) => session.iam.send(attach, o), { settling: absent })
  }
  for (const PolicyArn of attached) {
    if (wanted.has(PolicyArn)) continue
    const detach = new DetachUserPolicyCommand({ UserName, PolicyArn })
    await session.change(call, (o) => session.iam.send(detach, o), { done: absent })
  }
}

export async function findUser(session: AwsSession, UserName: string, call: CloudCall) {
  const answer = await session.find(call, absent, (o) => session.iam.send(new GetUserCommand({ UserName }), o))
  return answer?.User ?? null
}

/** Arns of what is attached to the user. */
export async function attachedPolicies(session: AwsSession, UserName: string, call: CloudCall): Promise<string[]> {
  const ask = new ListAttachedUserPoliciesCommand({ UserName })
  const answer = await session.find(call, absent, (o) => session.iam.send(ask, o))
  return (answer?.AttachedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? [])
}

export function policyArn({ place: { account, region } }: AwsSession, name: string): string {
  return `${arnPrefixOf(region)}:iam::${account}:policy${path}${name}`
}

export async function findPolicy(session: AwsSession, name: string, call: CloudCall) {
  const ask = new GetPolicyCommand({ PolicyArn: policyArn(session, name) })
  const answer = await session.find(call, absent, (o) => session.iam.send(ask, o))
  return answer?.Policy ?? null
}

async function ensurePolicy(session: AwsSession, policy: Policy, making: Making, call: CloudCall): Promise<string> {
  const { name, document } = policy
  const thing = thingAt(session, 'policy', name)
  const create = () => {
    const input = { PolicyName: name, Path: path, PolicyDocument: document, Tags: marksOf(thing, making) }
    return session.change(call, (o) => session.iam.send(new CreatePolicyCommand(input), o), { done: exists })
  }
  const look = () => findPolicy(session, name, call)
  const idOf = () => policyArn(session, name)
  await ensure(session, { thing, making, look, create, isOurs: isMarked(making), idOf }, call)
  return policyArn(session, name)
}

/** See `CloudUsers.issueKey`. */
export async function issueKey(session: AwsSession, user: string, making: Making, call: CloudCall): Promise<AccessKey> {
  const found = await findUser(session, user, call)
  if (found === null || !isMarked(making)(found)) {
    throw fault('CLOUD_NAME_TAKEN', { what: nameOf(thingAt(session, 'user', user)) })
  }
  const thing = thingAt(session, 'access-key', user)
  await session.ledger.intend(thing, making)
  await deleteKeys(session, user, call)
  const create = new CreateAccessKeyCommand({ UserName: user })
  const answer = await session.change(call, (o) => session.iam.send(create, o), { settling: absent })
  const { AccessKeyId: id, SecretAccessKey: secret } = answer?.AccessKey ?? {}
  if (id === undefined || secret === undefined) throw fault('AWS_FAILED', { reason: 'a key without id or secret' })
  const key = { id, secret: new Secret(secret) }
  await session.ledger.confirm(thing, id)
  await untilAccepted(session, user, key, call)
  return key
}

export async function keysOf(session: AwsSession, UserName: string, call: CloudCall): Promise<string[]> {
  const ask = new ListAccessKeysCommand({ UserName })
  const answer = await session.find(call, absent, (o) => session.iam.send(ask, o))
  return (answer?.AccessKeyMetadata ?? []).flatMap(({ AccessKeyId }) => AccessKeyId ?? [])
}

export async function deleteKeys(session: AwsSession, UserName: string, call: CloudCall): Promise<void> {
  for (const AccessKeyId of await keysOf(session, UserName, call)) {
    const remove = new DeleteAccessKeyCommand({ UserName, AccessKeyId })
    await session.change(call, (o) => session.iam.send(remove, o), { done: absent })
  }
}

/** A new key is unknown to most of AWS for some seconds. */
async function untilAccepted(session: AwsSession, user: string, key: AccessKey, call: CloudCall): Promise<void> {
  const sts = session.stsWith({ kind: 'keys', ...key })
  const until = session.clock.elapsedMs() + session.pace.settleMs
  let accepted = 0
  while (accepted < acceptedInARow) {
    try {
      await sts.send(new GetCallerIdentityCommand({}), { abortSignal: call.signal })
      accepted += 1
    } catch (error) {
      call.signal.throwIfAborted()
      const met = awsFault(error)
      const mayComeYet = met.code === 'AWS_CREDENTIALS_REFUSED' || met.retry === 'same-input'
      if (!(met instanceof Fault) || !mayComeYet) throw met
      accepted = 0
      if (session.clock.elapsedMs() > until) throw fault('CLOUD_KEY_NOT_ACCEPTED', { user })
    }
    if (accepted < acceptedInARow) await sleep(session.pace.lookEveryMs / 5, call.signal)
  }
}
