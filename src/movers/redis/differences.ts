import { createHash } from 'node:crypto'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import type { RedisDifference } from '../../ports/redis.ts'
import { classify, type KeyFamily } from '../../threescale/backend-keys.ts'
import type { ValueKind } from '../../wire/rdb/rdb-types.ts'
import { ReplyError } from '../../wire/resp/reply-parser.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { fault } from './faults.ts'
import { ask, selectDatabase } from './target.ts'

const listed = 100
/** A key that no family knows is named, unless it looks like one that holds a credential. */
const looksSecret = /token|provider_key|user_key|\/key:|secret|password/i

interface Found {
  readonly bytes: Buffer
  readonly expectedKind: ValueKind | null
  readonly difference: RedisDifference
}

/** Differences found by a verification: all counted, the first listed, each key once. */
export class Differences {
  readonly #found: Found[] = []
  #lastKey: Buffer = Buffer.alloc(0)
  #lastDatabase = -1
  count = 0

  /** Notes one; `key` may be reused by the caller afterwards. Several about one key in a row count once. */
  add(
    kind: RedisDifference['kind'],
    key: Buffer,
    place: { readonly database: number; readonly position: number | null },
    expectedKind: ValueKind | null,
  ): void {
    if (place.database === this.#lastDatabase && key.equals(this.#lastKey)) return
    this.#lastKey = Buffer.from(key)
    this.#lastDatabase = place.database
    this.count++
    if (this.#found.length >= listed) return
    const family = classify(key, 0, key.length)
    const difference = { kind, key: nameOf(key, family), family: family.name, ...place }
    this.#found.push({ bytes: this.#lastKey, expectedKind, difference })
  }

  /** The listed ones, after asking the target once more which keys are missing and which have another type. */
  async refined(pipe: RespPipe, target: RedisEndpoint): Promise<readonly RedisDifference[]> {
    const refined: RedisDifference[] = []
    for (const { bytes, expectedKind, difference } of this.#found) {
      if (difference.kind === 'extra' || difference.kind === 'expiry') {
        refined.push(difference)
        continue
      }
      await selectDatabase(pipe, target, 'target', difference.database)
      const type = await ask(pipe, target, 'target', 'TYPE', bytes)
      if (type instanceof ReplyError) {
        throw fault('REDIS_FORBIDDEN', { side: 'target', address: describeEndpoint(target), command: 'TYPE' })
      }
      const kind = type === 'none' ? 'missing' : type === expectedKind ? 'changed' : 'type'
      refined.push({ ...difference, kind })
    }
    return refined
  }
}

/** The key as text, control characters escaped; of one that holds a credential, only a hash. */
function nameOf(key: Buffer, family: KeyFamily): string {
  const text = key.toString('utf8')
  if (family.class === 'unknown' ? looksSecret.test(text) : family.secret) {
    return `sha256:${createHash('sha256').update(key).digest('hex').slice(0, 12)}`
  }
  return text.replaceAll(/[\p{Cc}\\]/gu, (character) => JSON.stringify(character).slice(1, -1))
}
