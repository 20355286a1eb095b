import { readFile } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import { connectResp, type RespAddress } from '../../wire/resp/connect.ts'
import { type Reply, ReplyError } from '../../wire/resp/reply-parser.ts'
import type { RespPipe, RespPipeOptions } from '../../wire/resp/resp-pipe.ts'
import { connectionFault, replyFault, type Side } from './connection-faults.ts'
import { fault } from './faults.ts'
import { errnoOf } from './errno.ts'

/** What a server was found to be able to do, by trying. */
export interface TargetAbilities {
  /** The highest RDB version whose types it takes in RESTORE. */
  readonly rdbVersion: number
  /** SET … PXAT, since 6.2. */
  readonly setPxat: boolean
  readonly maxMemory: number
  /** Null when the user may not run INFO. */
  readonly usedMemory: number | null
  /** Add to this machine's clock to get the server's, in milliseconds. */
  readonly skewMs: number
}

const probeKey = 'threeshift:probe'
const ownName = 'threeshift'

/**
 * Connects to a Redis, through its Sentinel if the endpoint names one, and logs in.
 *
 * Faults: REDIS_UNREACHABLE, REDIS_TLS_FAILED, REDIS_LOGIN_REFUSED, REDIS_NO_DATABASE, REDIS_SENTINEL_UNKNOWING and the
 * like. Abort: ends the connection.
 */
export async function openRedis(
  endpoint: RedisEndpoint,
  side: Side,
  signal: AbortSignal,
  window: Partial<RespPipeOptions> = {},
): Promise<RespPipe> {
  const address = await addressOf(endpoint, side, signal)
  try {
    return await connectResp(address, { ...window, signal, name: ownName })
  } catch (error) {
    throw connectionFault(error, side, endpoint, 'connecting')
  }
}

/** Where to connect to: CA read, Sentinel asked. */
export async function addressOf(endpoint: RedisEndpoint, side: Side, signal: AbortSignal): Promise<RespAddress> {
  const { host, port, user, password, db } = endpoint
  const address: RespAddress = {
    host,
    port,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    db,
    tls: await tlsOf(endpoint, side),
  }
  if (endpoint.sentinel === undefined) return address
  const { master } = endpoint.sentinel
  try {
    const { password: _password, user: _user, ...anonymous } = address
    const sentinel = await connectResp({ ...anonymous, db: -1 }, { signal, name: ownName })
    const reply = await sentinel.call('SENTINEL', 'get-master-addr-by-name', master).finally(() => sentinel.close())
    if (!Array.isArray(reply) || !Buffer.isBuffer(reply[0]) || !Buffer.isBuffer(reply[1])) {
      throw fault('REDIS_SENTINEL_UNKNOWING', { side, address: describeEndpoint(endpoint) })
    }
    return { ...address, host: reply[0].toString(), port: Number(reply[1].toString()) }
  } catch (error) {
    throw connectionFault(error, side, endpoint, 'asking the Sentinel')
  }
}

async function tlsOf(endpoint: RedisEndpoint, side: Side): Promise<RespAddress['tls']> {
  const { tls } = endpoint
  if (tls.kind === 'off') return null
  if (tls.caFile === undefined) return { checkHost: tls.checkHost }
  try {
    return { ca: await readFile(tls.caFile, 'utf8'), checkHost: tls.checkHost }
  } catch (cause) {
    const reason = `CA file: ${errnoOf(cause)}`
    throw fault('REDIS_TLS_FAILED', { side, address: describeEndpoint(endpoint), reason }, cause)
  }
}

/** One control command of ours; an error reply becomes its fault, or comes back when it has no meaning of its own. */
export async function ask(
  pipe: RespPipe,
  endpoint: RedisEndpoint,
  side: Side,
  ...words: readonly [string, ...(string | Buffer)[]]
): Promise<Reply> {
  let reply: Reply
  try {
    reply = await pipe.call(...words)
  } catch (error) {
    throw connectionFault(error, side, endpoint, `running ${words[0]}`)
  }
  const known = reply instanceof ReplyError ? replyFault(reply, side, endpoint, words[0]) : null
  if (known !== null) throw known
  return reply
}

/** As `ask`, for a command that has to succeed: any other error means that the server does not have it for this user. */
export async function demand(
  pipe: RespPipe,
  endpoint: RedisEndpoint,
  side: Side,
  ...words: readonly [string, ...(string | Buffer)[]]
): Promise<Reply> {
  const reply = await ask(pipe, endpoint, side, ...words)
  if (!(reply instanceof ReplyError)) return reply
  throw fault('REDIS_FORBIDDEN', { side, address: describeEndpoint(endpoint), command: words[0] })
}

/** Faults: REDIS_NO_DATABASE, naming the database that was asked for. */
export async function selectDatabase(
  pipe: RespPipe,
  endpoint: RedisEndpoint,
  side: Side,
  database: number,
): Promise<void> {
  const reply = await ask(pipe, endpoint, side, 'SELECT', String(database))
  if (reply instanceof ReplyError) {
    throw fault('REDIS_NO_DATABASE', { side, address: describeEndpoint({ ...endpoint, db: database }) })
  }
}

/**
 * Finds out by trying what the target takes and whether this user may do all that a copy does. A key of ours is written
 * and removed again.
 *
 * Faults: REDIS_CLUSTER_MODE, REDIS_FORBIDDEN, REDIS_READ_ONLY, REDIS_OUT_OF_MEMORY, REDIS_LOADING,
 * REDIS_TARGET_TOO_OLD.
 */
export async function probeTarget(
  pipe: RespPipe,
  endpoint: RedisEndpoint,
  clock: Clock,
  needs: readonly (readonly [string, ...string[]])[],
): Promise<TargetAbilities> {
  const run = (...words: readonly [string, ...(string | Buffer)[]]) => ask(pipe, endpoint, 'target', ...words)
  const server = await info(pipe)
  if (server.get('cluster_enabled') === '1') {
    throw fault('REDIS_CLUSTER_MODE', { side: 'target', address: describeEndpoint(endpoint) })
  }
  await demand(pipe, endpoint, 'target', 'SET', probeKey, '1')
  const dump = await run('DUMP', probeKey)
  const footer = Buffer.isBuffer(dump) && dump.length > 10 ? dump : null
  if (footer === null) throw fault('REDIS_NOT_REDIS', { side: 'target', address: describeEndpoint(endpoint) })
  const inOneHour = String(clock.now() + 3_600_000)
  const restored = await run('RESTORE', probeKey, inOneHour, footer, 'REPLACE', 'ABSTTL')
  if (restored instanceof ReplyError) {
    throw fault('REDIS_TARGET_TOO_OLD', {
      address: describeEndpoint(endpoint),
      lacks: 'RESTORE … ABSTTL',
      wanted: '5.0',
    })
  }
  const setPxat = !((await run('SET', probeKey, '1', 'PXAT', inOneHour)) instanceof ReplyError)
  // Each is made to succeed: a command that was renamed away fails like one that is forbidden.
  for (const command of needs) await demand(pipe, endpoint, 'target', ...command)
  await demand(pipe, endpoint, 'target', 'DEL', probeKey)
  const time = await run('TIME')
  const seconds = Array.isArray(time) && Buffer.isBuffer(time[0]) ? Number(time[0].toString()) : Number.NaN
  const skewMs = Number.isFinite(seconds) ? seconds * 1000 - clock.now() : 0
  return {
    rdbVersion: footer.readUInt16LE(footer.length - 10),
    setPxat,
    maxMemory: Number(server.get('maxmemory') ?? 0),
    usedMemory: server.has('used_memory') ? Number(server.get('used_memory')) : null,
    // A second of difference is the resolution of this, not a skew.
    skewMs: Math.abs(skewMs) < 2000 ? 0 : skewMs,
  }
}

/** Commands that a copy may need besides those that `probeTarget` tries anyway, each on the key that it is given. */
export const writeCommands = [
  ['MSET', probeKey, '1'],
  ['MGET', probeKey],
  ['PEXPIREAT', probeKey, '99999999999999'],
  ['DBSIZE'],
  ['DEL', probeKey],
  ['RPUSH', probeKey, '1'],
  ['DEL', probeKey],
  ['SADD', probeKey, '1'],
  ['DEL', probeKey],
  ['HSET', probeKey, '1', '1'],
  ['DEL', probeKey],
  ['ZADD', probeKey, '1', '1'],
  ['DEL', probeKey],
] as const satisfies readonly (readonly [string, ...string[]])[]

export const mergeCommands = [
  ['INCRBY', probeKey, '1'],
  ['DEL', probeKey],
  ['HSETNX', probeKey, '1', '1'],
  ['MULTI'],
  ['EXEC'],
] as const satisfies readonly (readonly [string, ...string[]])[]

/** INFO as a map; empty when this user may not run it. */
export async function info(pipe: RespPipe): Promise<ReadonlyMap<string, string>> {
  return infoOf(await pipe.call('INFO'))
}

/** What INFO answered, by name. */
export function infoOf(reply: Reply): ReadonlyMap<string, string> {
  const text = Buffer.isBuffer(reply) ? reply.toString() : ''
  return new Map(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : []
    }),
  )
}
