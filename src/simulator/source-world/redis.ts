import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { Redis } from 'ioredis'
import type { TlsMode } from '../../model/database-address.ts'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import type { WorldRedisAddress } from '../../ports/source-world.ts'
import { worldFault } from './faults.ts'
import type { Outline } from './outline.ts'
import type { RedisCommand } from './redis-command.ts'
import { queueCommands, storageCommands } from './redis-keys.ts'

const commandsPerPipeline = 20
const keysPerCommand = 100

/**
 * The backend's two Redis databases, empty until `fill`.
 *
 * Faults: WORLD_REDIS_UNREACHABLE, WORLD_REDIS_NOT_EMPTY. Abort: both connections are cut, the signal's reason is thrown.
 */
export class WorldRedis {
  readonly #storage: Redis
  readonly #queues: Redis
  readonly #place: string
  readonly #signal: AbortSignal
  readonly #cut = (): void => {
    this.#storage.disconnect()
    this.#queues.disconnect()
  }

  private constructor(storage: Redis, queues: Redis, place: string, signal: AbortSignal) {
    this.#storage = storage
    this.#queues = queues
    this.#place = place
    this.#signal = signal
    signal.addEventListener('abort', this.#cut, { once: true })
  }

  static async open(address: WorldRedisAddress, signal: AbortSignal): Promise<WorldRedis> {
    signal.throwIfAborted()
    const storage = connection(address.storage)
    const queues = connection({ ...address.storage, db: address.queuesDatabase })
    const redis = new WorldRedis(storage, queues, describeEndpoint(address.storage), signal)
    try {
      await redis.#refuseUnlessEmpty(storage, address.storage.db)
      await redis.#refuseUnlessEmpty(queues, address.queuesDatabase)
      return redis
    } catch (failure) {
      await redis.close()
      throw failure
    }
  }

  /** Writes every key and returns how many there are, those with a time to live included. */
  async fill(outline: Outline): Promise<number> {
    return (
      (await this.#send(this.#storage, storageCommands(outline))) +
      (await this.#send(this.#queues, queueCommands(outline)))
    )
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#cut)
    for (const client of [this.#storage, this.#queues]) {
      // A client that never got through, or was cut, has nothing to say goodbye to.
      if (client.status === 'ready') await client.quit().catch(() => undefined)
      client.disconnect()
    }
  }

  async #refuseUnlessEmpty(client: Redis, database: number): Promise<void> {
    const keys = await this.#try(() => client.dbsize())
    if (keys > 0) throw worldFault('WORLD_REDIS_NOT_EMPTY', { place: this.#place, database, keys })
  }

  async #send(client: Redis, commands: Iterable<RedisCommand>): Promise<number> {
    let sent = 0
    let chunk: string[][] = []
    // Most keys are plain strings: many in one MSET cost a fraction of as many SETs, in time and in memory held.
    let plain: string[] = []
    for (const command of commands) {
      const [name = '', key = '', value = ''] = command
      sent++
      if (name === 'SET' && command.length === 3) plain.push(key, value)
      else chunk.push([...command])
      if (plain.length >= 2 * keysPerCommand) {
        chunk.push(['MSET', ...plain])
        plain = []
      }
      if (chunk.length >= commandsPerPipeline) {
        await this.#flush(client, chunk)
        chunk = []
      }
    }
    if (plain.length > 0) chunk.push(['MSET', ...plain])
    await this.#flush(client, chunk)
    return sent
  }

  async #flush(client: Redis, chunk: string[][]): Promise<void> {
    if (chunk.length === 0) return
    const pipeline = client.pipeline()
    for (const [name = '', ...parameters] of chunk) pipeline.call(name, ...parameters)
    const replies = await this.#try(() => pipeline.exec())
    const failure = replies?.find(([error]) => error !== null)?.[0]
    if (failure) throw worldFault('WORLD_REDIS_UNREACHABLE', { place: this.#place, reason: failure.name })
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#signal.throwIfAborted()
    try {
      return await work()
    } catch (cause) {
      if (this.#signal.aborted) throw this.#signal.reason
      throw worldFault(
        'WORLD_REDIS_UNREACHABLE',
        { place: this.#place, reason: reasonOf(cause) },
        new Error(reasonOf(cause)),
      )
    }
  }
}

function connection(endpoint: RedisEndpoint): Redis {
  const { host, port, user, password, db, tls } = endpoint
  const client = new Redis({
    host,
    port,
    db,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password: password.reveal('fill the backend Redis') }),
    ...(tls.kind === 'off' ? {} : { tls: tlsOptions(tls) }),
    lazyConnect: true,
    connectTimeout: 15_000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  })
  // Every failure also rejects the command that met it; an event nobody listens to would be printed.
  client.on('error', () => undefined)
  return client
}

function tlsOptions(tls: Extract<TlsMode, { readonly kind: 'verified' }>): ConnectionOptions {
  return {
    rejectUnauthorized: true,
    ...(tls.checkHost ? {} : { checkServerIdentity: () => undefined }),
    ...(tls.caFile === undefined ? {} : { ca: readCa(tls.caFile) }),
  }
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw worldFault('WORLD_REDIS_UNREACHABLE', { place: 'the Redis', reason: 'its CA file cannot be read' }, cause)
  }
}

/** The first word of a server's refusal (WRONGPASS, NOAUTH, …) or the system's error code; never the command. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no answer'
  const code = 'code' in cause ? String(cause.code) : ''
  return code || (/^[A-Z]{3,}(?= )/.exec(cause.message)?.[0] ?? 'the connection was closed')
}
