import { Redis } from 'ioredis'
import type { RedisAddress } from '../../ports/source-world.ts'
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

  static async open(address: RedisAddress, signal: AbortSignal): Promise<WorldRedis> {
    signal.throwIfAborted()
    const url = address.url.reveal('connect to the backend Redis')
    if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) {
      throw worldFault('WORLD_REDIS_UNREACHABLE', { place: 'the Redis', reason: 'its address is no redis:// URL' })
    }
    const storage = connection(url)
    const { host, port, db } = storage.options
    const queues = connection(url, address.queuesDatabase)
    const redis = new WorldRedis(storage, queues, `redis://${host}:${port}`, signal)
    try {
      await redis.#refuseUnlessEmpty(storage, db ?? 0)
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

function connection(url: string, database?: number): Redis {
  const address = new URL(url)
  // A database in the URL wins over one in the options, so it is put there.
  if (database !== undefined) address.pathname = `/${database}`
  const client = new Redis(address.href, {
    lazyConnect: true,
    connectTimeout: 15_000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  })
  // Every failure also rejects the command that met it; an event nobody listens to would be printed.
  client.on('error', () => undefined)
  return client
}

/** The first word of a server's refusal (WRONGPASS, NOAUTH, …) or the system's error code; never the command. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no answer'
  const code = 'code' in cause ? String(cause.code) : ''
  return code || (/^[A-Z]{3,}(?= )/.exec(cause.message)?.[0] ?? 'the connection was closed')
}
