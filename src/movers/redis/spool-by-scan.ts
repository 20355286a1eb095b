import type { Clock } from '../../base/clock.ts'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import { newestRdbVersion } from '../../wire/rdb/rdb-types.ts'
import { RdbWriter } from '../../wire/rdb/rdb-writer.ts'
import { type Reply, ReplyError } from '../../wire/resp/reply-parser.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import { fault } from './faults.ts'
import { ask, demand, info, openRedis, selectDatabase } from './target.ts'

const keysPerScan = '500'
/** Version and checksum at the end of a DUMP. */
const footerBytes = 10

/**
 * Reads every key of a server by SCAN, DUMP and its time of expiry, and writes them as an RDB file.
 *
 * Not of one moment: meant for a source without traffic. A key may come twice; the later one is the newer one. All of
 * the server's databases, or only the URL's where INFO is refused.
 * Faults: REDIS_SOURCE_REFUSED, REDIS_SOURCE_UNDUMPABLE, those of connecting; errors of the file system as they are.
 */
export async function spoolByScan(
  endpoint: RedisEndpoint,
  file: string,
  options: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<void> {
  const pipe = await openRedis(endpoint, 'source', options.signal)
  const writer = new RdbWriter(file, newestRdbVersion)
  try {
    const keyspace = await info(pipe)
    const known = [...keyspace.keys()].flatMap((name) => /^db(\d+)$/.exec(name)?.[1] ?? []).map(Number)
    const exact = !((await ask(pipe, endpoint, 'source', 'PEXPIRETIME', 'threeshift:probe')) instanceof ReplyError)
    for (const database of keyspace.size === 0 ? [endpoint.db] : known) {
      await selectDatabase(pipe, endpoint, 'source', database)
      writer.selectDatabase(database)
      await scanDatabase(pipe, endpoint, writer, { exact, clock: options.clock })
    }
    writer.end()
  } finally {
    writer.close()
    pipe.close()
  }
}

async function scanDatabase(
  pipe: RespPipe,
  endpoint: RedisEndpoint,
  writer: RdbWriter,
  options: { readonly exact: boolean; readonly clock: Clock },
): Promise<void> {
  let cursor: Buffer | string = '0'
  do {
    const reply = await demand(pipe, endpoint, 'source', 'SCAN', cursor, 'COUNT', keysPerScan)
    const [next, keys] = Array.isArray(reply) ? reply : []
    if (!Buffer.isBuffer(next) || !Array.isArray(keys)) throw refused(endpoint, 'SCAN', reply)
    cursor = next
    const found = keys.filter((key) => Buffer.isBuffer(key))
    const dumps = await askEach(pipe, 'DUMP', found)
    const times = await askEach(pipe, options.exact ? 'PEXPIRETIME' : 'PTTL', found)
    found.forEach((key, i) => {
      const [dump, time] = [dumps[i], times[i]]
      if (dump instanceof ReplyError || time instanceof ReplyError) throw refused(endpoint, 'DUMP', dump)
      // Gone since the scan saw it.
      if (dump === null || time === -2) return
      if (!Buffer.isBuffer(dump) || dump.length <= footerBytes || typeof time !== 'number') {
        throw fault('REDIS_SOURCE_UNDUMPABLE', { address: describeEndpoint(endpoint) })
      }
      const expiresAtMs = time < 0 ? -1 : options.exact ? time : options.clock.now() + time
      writer.entry(dump[0] ?? 0, key, 0, key.length, dump, 1, dump.length - footerBytes, expiresAtMs)
    })
  } while (cursor.toString() !== '0')
}

async function askEach(pipe: RespPipe, command: string, keys: readonly Buffer[]): Promise<readonly Reply[]> {
  const replies: Reply[] = []
  let block = await pipe.acquire()
  for (const key of keys) {
    const needed = key.length + 100
    if (pipe.isFull(block, needed)) {
      pipe.send(block)
      block = await pipe.acquire(needed)
    }
    block.array(2)
    block.text(command)
    block.word(key, 0, key.length)
    block.end({ onReply: (reply) => replies.push(reply) })
  }
  pipe.send(block)
  await pipe.drained()
  return replies
}

function refused(endpoint: RedisEndpoint, command: string, reply: Reply | undefined): Error {
  const code = reply instanceof ReplyError ? reply.code : 'no list'
  return fault('REDIS_SOURCE_REFUSED', { address: describeEndpoint(endpoint), command, code })
}
