import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { startServer, temporaryFolder } from './servers.ts'

const command = fileURLToPath(new URL('programs/redis-command.ts', import.meta.url))

/** The URL that a command line would be given. */
export function redisUrl(
  server: LocalServer,
  database = 0,
  login?: { readonly user: string; readonly password: string },
): string {
  const password = login?.password ?? server.password.reveal('reach a test Redis')
  return `redis://${login?.user ?? 'default'}:${encodeURIComponent(password)}@${server.host}:${server.port}/${database}`
}

/** A Redis of its own, with a client for looking into it. */
export interface TestRedis {
  readonly server: LocalServer
  readonly client: Redis
  readonly folder: string
  /** Writes its snapshot and gives the file. */
  save(): Promise<string>
  digest(): Promise<unknown>
  /** Ends the server and removes its folder, snapshots and all. */
  stop(): Promise<void>
}

export async function startTestRedis(settings: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const folder = temporaryFolder()
  const server = await startServer('redis', { dir: join(folder, 'redis'), settings })
  const password = server.password.reveal('look into a test Redis')
  const client = new Redis({ host: server.host, port: server.port, password, retryStrategy: () => null })
  client.on('error', () => undefined)
  return {
    server,
    client,
    folder,
    async save() {
      await client.call('SAVE')
      const [, dir] = (await client.config('GET', 'dir')) as [string, string]
      return join(dir, 'dump.rdb')
    },
    digest: () => client.call('DEBUG', 'DIGEST'),
    async stop() {
      client.disconnect()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export interface RedisRun {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  /** The last line of stdout, as JSON. */
  readonly result: Record<string, unknown>
}

/** Runs `threeshift redis …` as a child process; it is killed (SIGKILL) when `untilKilled` resolves. */
export async function runRedis(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  untilKilled?: Promise<void>,
): Promise<RedisRun> {
  const child = spawn(process.execPath, [command, 'redis', ...args, '--json'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  void untilKilled?.then(() => child.kill('SIGKILL'))
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve([code, signal]))
  })
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  return { code, signal, stdout, stderr, result: last.startsWith('{') ? JSON.parse(last) : {} }
}

/** The code of the fault that a run ended with. */
export function faultOf(run: RedisRun): unknown {
  const { fault } = run.result
  return typeof fault === 'object' && fault !== null && 'code' in fault ? fault.code : run.stderr
}

/** A data set with every type and the encodings that the server writes, in two databases. */
export async function fillEveryType(client: Redis): Promise<void> {
  const later = Date.now() + 86_400_000
  const pipeline = client.pipeline()
  for (let i = 0; i < 3000; i++) pipeline.set(`stats/{service:7}/metric:${i % 5}/hour:${20250101 + i}`, String(i ** 3))
  for (let i = 0; i < 200; i++) {
    pipeline.set(`daily_traffic/service:7/cinstance:a${i}/20250423`, '1', 'PXAT', later + i)
  }
  pipeline.set('stats/{service:7}/metric:1/eternity', '9007199254740993')
  pipeline.sadd('stats/{service:7}/cinstances', ...numbered(3, 'app'))
  pipeline.sadd('intset', ...numbered(100, ''))
  pipeline.sadd('hashtable set', ...numbered(2000, 'member'))
  pipeline.zadd('events/queue', ...numbered(50, '').flatMap((n) => [n, `{"id":${n}}`]))
  pipeline.zadd('skiplist', ...numbered(500, '').flatMap((n) => [String(Number(n) * 1.1), `m${n}`]))
  pipeline.zadd('scores', '+inf', 'a', '-inf', 'b', '1e300', 'c', '-0.1', 'd', '3', 'e')
  pipeline.hset('listpack hash', 'field', 'value', 'number', '12')
  pipeline.hset('table hash', ...numbered(1000, '').flatMap((n) => [`f${n}`, 'v'.repeat(Number(n) % 90)]))
  pipeline.rpush('short list', '1', '-300', '70000', 'text')
  pipeline.rpush('long list', ...numbered(1500, '').map((n) => 'x'.repeat(Number(n) % 300)))
  pipeline.rpush('plain nodes', 'z'.repeat(20_000), 'y'.repeat(9000))
  pipeline.set('large', 'abc'.repeat(200_000))
  pipeline.set('binary', Buffer.from(Array.from({ length: 256 }, (_, i) => i)))
  pipeline.set('12345', 'a key that is an integer')
  pipeline.set('empty', '')
  pipeline.set('k'.repeat(500), 'a key that is packed')
  pipeline.pexpireat('intset', later)
  pipeline.select(1)
  pipeline.rpush('resque:queue:priority', '{"class":"ReportJob"}', '{"class":"NotifyJob"}')
  pipeline.sadd('resque:queues', 'priority')
  pipeline.select(0)
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
}

function numbered(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`)
}
