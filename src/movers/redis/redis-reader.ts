import type { RedisEndpoint } from '../../model/redis-endpoint.ts'
import type { Reply } from '../../wire/resp/reply-parser.ts'
import { ReplyError } from '../../wire/resp/reply-parser.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { describeEndpoint } from '../../model/redis-endpoint.ts'
import { fault } from './queue-faults.ts'
import { ask, openRedis } from './target.ts'

const scanCount = '1000'
const mostScans = 10_000

/**
 * A Redis that is only read, command by command, with replies of the shape that was asked for.
 *
 * Faults: those of `openRedis` and `ask`; QUEUES_WRONG_KEY when a key holds another type than its name says.
 */
export class RedisReader {
  readonly #pipe: RespPipe
  readonly #endpoint: RedisEndpoint

  private constructor(pipe: RespPipe, endpoint: RedisEndpoint) {
    this.#pipe = pipe
    this.#endpoint = endpoint
  }

  /** Connects and logs in. Abort: ends the connection, then and later. */
  static async open(endpoint: RedisEndpoint, signal: AbortSignal): Promise<RedisReader> {
    return new RedisReader(await openRedis(endpoint, 'source', signal), endpoint)
  }

  close(): void {
    this.#pipe.close()
  }

  /** A reply that is a number, such as LLEN's. */
  async count(command: 'LLEN' | 'ZCARD' | 'SCARD' | 'HLEN', key: string): Promise<number> {
    const reply = await this.#ask(command, key)
    if (typeof reply === 'number' || typeof reply === 'bigint') return Number(reply)
    throw this.#wrong(command)
  }

  async text(command: 'GET' | 'HGET', ...words: readonly string[]): Promise<string | null> {
    const reply = await this.#ask(command, ...words)
    if (reply === null) return null
    if (typeof reply === 'string' || Buffer.isBuffer(reply)) return reply.toString()
    throw this.#wrong(command)
  }

  async list(command: 'ZRANGE' | 'SMEMBERS', ...words: readonly string[]): Promise<readonly string[]> {
    return this.#texts(await this.#ask(command, ...words), command)
  }

  async members(key: string): Promise<readonly string[]> {
    return this.list('SMEMBERS', key)
  }

  /** The keys of one type that match a pattern. Goes through the whole database in small pieces. */
  async keysLike(pattern: string, type: string): Promise<readonly string[]> {
    const keys = new Set<string>()
    let cursor = '0'
    for (let n = 0; n < mostScans; n++) {
      const reply = await this.#ask('SCAN', cursor, 'MATCH', pattern, 'COUNT', scanCount)
      if (!Array.isArray(reply) || reply.length !== 2) throw this.#wrong('SCAN')
      for (const key of this.#texts(reply[1], 'SCAN')) {
        const found = await this.#ask('TYPE', key)
        if (found === type) keys.add(key)
      }
      cursor = String(reply[0])
      if (cursor === '0') break
    }
    return [...keys].sort()
  }

  #texts(reply: unknown, command: string): readonly string[] {
    if (!Array.isArray(reply)) throw this.#wrong(command)
    return reply.map(String)
  }

  async #ask(command: string, ...words: readonly string[]): Promise<Reply> {
    const reply = await ask(this.#pipe, this.#endpoint, 'source', command, ...words)
    if (reply instanceof ReplyError) throw this.#wrong(command)
    return reply
  }

  #wrong(command: string): Error {
    return fault('QUEUES_WRONG_KEY', { address: describeEndpoint(this.#endpoint), command })
  }
}
