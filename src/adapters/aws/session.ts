import { EC2Client } from '@aws-sdk/client-ec2'
import { ElastiCacheClient } from '@aws-sdk/client-elasticache'
import { IAMClient } from '@aws-sdk/client-iam'
import { RDSClient } from '@aws-sdk/client-rds'
import { S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { sleep, untilAborted } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import type { Secret } from '../../base/secret.ts'
import type { CloudIdentity, CloudPlace } from '../../ports/cloud.ts'
import type { Ledger } from '../../ports/ledger.ts'
import { fault } from './faults.ts'
import { awsFault, credentialsFault, refusalOf } from './sdk-faults.ts'

/** `default`: as every AWS program finds them, with a profile of the shared files if one is named. */
export type AwsCredentials =
  | { readonly kind: 'default'; readonly profile?: string }
  | { readonly kind: 'keys'; readonly id: string; readonly secret: Secret; readonly sessionToken?: Secret }

export interface AwsSettings {
  /** Where everything must land; credentials of another account are refused before the first change. */
  readonly place: CloudPlace
  readonly credentials: AwsCredentials
  /** Another store or an emulator; otherwise as the environment says. */
  readonly endpoint?: string
  readonly ledger: Ledger
  readonly clock: Clock
  readonly pace?: Partial<AwsPace>
}

export interface AwsPace {
  /** Between two looks at something that is waited for. */
  readonly lookEveryMs: number
  /** Before each further try of a request that was throttled or not answered. */
  readonly backOffMs: readonly number[]
  /** A service may not know for so long what it has just made. */
  readonly settleMs: number
  /** Replaces the limit of every wait. */
  readonly longestWaitMs: number | null
  /** Looks that show an upgrade neither begun nor done before it is taken to have been given up. */
  readonly looksBeforeGivenUp: number
}

const usualPace: AwsPace = {
  lookEveryMs: 10_000,
  backOffMs: [500, 1000, 2000, 4000, 8000, 16_000, 32_000],
  settleMs: 120_000,
  longestWaitMs: null,
  looksBeforeGivenUp: 12,
}

const connectionTimeoutMs = 10_000
const longestSilenceMs = 60_000

interface Call {
  readonly signal: AbortSignal
}
/** What the SDK's `send` takes beside the command. */
export interface SendOptions {
  readonly abortSignal: AbortSignal
}
type Ask<Answer> = (options: SendOptions) => Promise<Answer>

/** Clients of the services with one set of credentials, and the rules by which they are asked. */
export interface AwsSession {
  readonly place: CloudPlace
  readonly ledger: Ledger
  readonly clock: Clock
  readonly pace: AwsPace
  readonly ec2: EC2Client
  readonly rds: RDSClient
  readonly elastiCache: ElastiCacheClient
  readonly iam: IAMClient
  readonly s3: S3Client
  /** Whether the services are spoken to over TLS: always, but for an emulator. */
  readonly isTls: boolean
  /** A client of STS with other credentials, to try them. */
  stsWith(credentials: AwsCredentials): STSClient
  identity(call: Call): Promise<CloudIdentity>
  /** Asks for what changes nothing; again after throttling and lost connections. */
  read<Answer>(call: Call, ask: Ask<Answer>): Promise<Answer>
  /** As `read`; null when the service answers with one of the codes, which mean that it is not there. */
  find<Answer>(call: Call, absent: readonly string[], ask: Ask<Answer>): Promise<Answer | null>
  /**
   * Asks for a change, only where the credentials lead to the expected account. Again after throttling alone, for nothing
   * was done then; and after a code of `settling`, which says that another thing is not known yet or still in use.
   *
   * Out: the answer; null for a code of `done`, which says that it was done before.
   */
  change<Answer>(
    call: Call,
    ask: Ask<Answer>,
    codes?: { readonly done?: readonly string[]; readonly settling?: readonly string[] },
  ): Promise<Answer | null>
}

/** Makes the clients; asks nothing yet. The SDK itself tries nothing twice: what may be repeated is decided here. */
export function openSession(settings: AwsSettings): AwsSession {
  const { place, endpoint } = settings
  const pace = { ...usualPace, ...settings.pace }
  const configured = (credentials: AwsCredentials) => ({
    region: place.region,
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...credentialsFor(credentials),
    requestHandler: { connectionTimeout: connectionTimeoutMs, socketTimeout: longestSilenceMs },
  })
  const config = configured(settings.credentials)
  const sts = new STSClient(config)
  // Who was found to be behind a key: asked once for each, so a provider that renews its credentials is asked about again.
  const checked = new Map<string, CloudIdentity>()

  const identity = async (call: Call): Promise<CloudIdentity> => {
    const key = await accessKeyOf(sts, call)
    const known = checked.get(key)
    if (known !== undefined) return known
    const answer = await read(call, (options) => sts.send(new GetCallerIdentityCommand({}), options))
    const found = { account: answer.Account ?? 'unknown', region: place.region, arn: answer.Arn ?? 'unknown' }
    if (found.account !== place.account) {
      throw fault('CLOUD_OTHER_ACCOUNT', { found: found.account, expected: place.account })
    }
    checked.set(key, found)
    return found
  }
  const read = <Answer>(call: Call, ask: Ask<Answer>) =>
    persist(call, pace.backOffMs, mayHelp, () => answered(call, ask))
  return {
    place,
    pace,
    ledger: settings.ledger,
    clock: settings.clock,
    ec2: new EC2Client(config),
    rds: new RDSClient(config),
    elastiCache: new ElastiCacheClient(config),
    iam: new IAMClient(config),
    s3: new S3Client({
      ...config,
      forcePathStyle: endpoint !== undefined,
      responseChecksumValidation: 'WHEN_REQUIRED',
    }),
    isTls: endpoint === undefined || endpoint.startsWith('https:'),
    stsWith: (credentials) => new STSClient(configured(credentials)),
    identity,
    read,
    find: (call, absent, ask) => nullFor(absent, () => read(call, ask)),
    change: async (call, ask, { done = [], settling = [] } = {}) => {
      await identity(call)
      const until = settings.clock.elapsedMs() + pace.settleMs
      const isSettling = (error: Fault) => settling.includes(codeOf(error)) && settings.clock.elapsedMs() < until
      const once = () => persist(call, pace.backOffMs, isThrottled, () => answered(call, ask))
      return nullFor(done, () => persist(call, repeated(pace.lookEveryMs), isSettling, once))
    },
  }
}

/** As the settings of any client of the SDK have them. */
export function credentialsFor(credentials: AwsCredentials) {
  if (credentials.kind === 'default') return credentials.profile === undefined ? {} : { profile: credentials.profile }
  const { id, secret, sessionToken } = credentials
  const revealed = {
    accessKeyId: id,
    secretAccessKey: secret.reveal('the SDK signs with it'),
    ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal('the SDK sends it') }),
  }
  return { credentials: revealed }
}

async function accessKeyOf(client: STSClient, { signal }: Call): Promise<string> {
  try {
    return (await untilAborted(signal, () => client.config.credentials())).accessKeyId
  } catch (error) {
    signal.throwIfAborted()
    throw credentialsFault(error)
  }
}

async function answered<Answer>({ signal }: Call, ask: Ask<Answer>): Promise<Answer> {
  try {
    return await untilAborted(signal, () => ask({ abortSignal: signal }))
  } catch (error) {
    signal.throwIfAborted()
    throw refusalOf(error) === null && !isOfNetwork(error) ? credentialsFault(error) : awsFault(error)
  }
}

/** Without an answer, and not for want of credentials. */
function isOfNetwork(error: unknown): boolean {
  return !(error instanceof Error && /^(?:CredentialsProviderError|TokenProviderError)$/.test(error.name))
}

function* repeated(ms: number): Generator<number> {
  for (;;) yield ms
}

async function persist<Answer>(
  { signal }: Call,
  waitsMs: Iterable<number>,
  again: (error: Fault) => boolean,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const waits = waitsMs[Symbol.iterator]()
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Fault) || !again(error)) throw error
      const wait = waits.next()
      if (wait.done === true) throw error
      await sleep(wait.value, signal)
    }
  }
}

function isThrottled(error: Fault): boolean {
  return error.code === 'AWS_THROTTLED'
}

/** Whether the same request may be answered a little later: it was throttled, not answered, or answered by a failure. */
export function mayHelp(error: Fault): boolean {
  return error.retry === 'same-input'
}

/** The service's own code in a fault, or an empty text. */
export function codeOf(error: unknown): string {
  return error instanceof Fault && typeof error.details['code'] === 'string' ? error.details['code'] : ''
}

async function nullFor<Answer>(codes: readonly string[], work: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await work()
  } catch (error) {
    if (codes.includes(codeOf(error))) return null
    throw error
  }
}
