import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, mkdirSync, rmSync, statSync, writeFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism, cpus, totalmem, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import type { LocalServer } from '../src/adapters/servers/local-server.ts'
import { startRedis } from '../src/adapters/servers/redis.ts'
import { connectResp } from '../src/wire/resp/connect.ts'
import { ReplyError } from '../src/wire/resp/reply-parser.ts'
import type { RespPipe } from '../src/wire/resp/resp-pipe.ts'

/*
 * Loads and verifies apisonator-like keys, against the floor: the same redis-server loading the same RDB file.
 *
 * Rounds are interleaved (floor, load, verify, load over TLS, floor, …), so that a noisy machine is noisy for all. Every
 * load, the floor too, is into a server that was just started: memory that a server has used before is faster.
 * Took: as the server's log says for the floor, as the command itself reports otherwise. CPU and RSS: of the whole child
 * process, its start included.
 */

const childProgram = join(import.meta.dirname, '../test/support/programs/redis-command.ts')
/** As bin/threeshift starts it. */
const nodeFlags = ['--max-semi-space-size=4']
const childEnv = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../.threeshift/compile-cache'),
  MALLOC_ARENA_MAX: '1',
}
const kinds = ['floor', 'load', 'load over TLS', 'verify'] as const
type Kind = (typeof kinds)[number]

interface Sample {
  readonly ms: number
  /** Of the server, for this measurement. */
  readonly targetCpuMs: number
  readonly cpuMs?: number
  readonly rssMb?: number
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { keys: { type: 'string', default: '300000' }, rounds: { type: 'string', default: '5' } },
  })
  const [keys, rounds] = [Number(values.keys), Number(values.rounds)]
  const folder = mkdtempSync(join(tmpdir(), 'threeshift-bench-'))
  try {
    const tls = await tlsSettings(folder)
    const snapshot = join(folder, 'dump.rdb')
    const shape = await takeSnapshot(join(folder, 'source'), keys, snapshot)
    process.stderr.write(`${JSON.stringify(shape)}\n`)
    const samples = new Map<Kind, Sample[]>(kinds.map((kind) => [kind, []]))
    for (let round = 1; round <= rounds; round++) {
      const note = (kind: Kind, sample: Sample) => {
        samples.get(kind)?.push(sample)
        process.stderr.write(`round ${round} ${kind}: ${Math.round(sample.ms)} ms\n`)
      }
      note('floor', await measureFloor(join(folder, 'floor'), snapshot))
      await withTarget(join(folder, 'plain'), {}, async (target, pipe) => {
        const setup = { target, snapshot, tlsPort: null, ca: '' }
        note('load', await timed(pipe, () => child('copy', setup)))
        note('verify', await timed(pipe, () => child('verify', setup)))
      })
      if (tls === null) continue
      await withTarget(join(folder, 'tls'), tls.settings, async (target, pipe) => {
        const setup = { target, snapshot, tlsPort: tls.port, ca: tls.ca }
        note('load over TLS', await timed(pipe, () => child('copy', setup)))
      })
    }
    report(samples, shape, rounds)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Fills a server of its own and saves it: a snapshot that the target itself had written would hold the keys in the order
 * of the target's own hash table, and every load of it, the floor too, would be two to three times faster than in life.
 */
async function takeSnapshot(dir: string, keys: number, snapshot: string) {
  return withTarget(dir, {}, async (_server, pipe) => {
    await fill(pipe, keys)
    await must(pipe, 'SAVE')
    copyFileSync(join(String(await configOf(pipe, 'dir')), 'dump.rdb'), snapshot)
    return {
      keys: Number(await pipe.call('DBSIZE')),
      rdbBytes: statSync(snapshot).size,
      usedMemory: await usedMemory(pipe),
    }
  })
}

interface Setup {
  readonly target: LocalServer
  readonly snapshot: string
  /** Null: without TLS. */
  readonly tlsPort: number | null
  readonly ca: string
}

/** A server that finds the snapshot at its start loads it before it answers anybody, and says how long that took. */
async function measureFloor(dir: string, snapshot: string): Promise<Sample> {
  mkdirSync(join(dir, 'data'), { recursive: true })
  copyFileSync(snapshot, join(dir, 'data/dump.rdb'))
  return withTarget(dir, {}, async (_server, pipe) => {
    const log = readFileSync(join(dir, 'server.log'), 'utf8')
    const [, seconds] = /DB loaded from disk: ([\d.]+) seconds/.exec(log) ?? []
    if (seconds === undefined) throw new Error('the server does not say how long it took to load')
    return { ms: Number(seconds) * 1000, targetCpuMs: await cpuMsOf(pipe) }
  })
}

/** A server of its own for `work`, ended and removed after it. */
async function withTarget<Result>(
  dir: string,
  settings: Readonly<Record<string, string>>,
  work: (server: LocalServer, pipe: RespPipe) => Promise<Result>,
): Promise<Result> {
  const server = await startRedis({ dir, settings, signal: new AbortController().signal })
  try {
    const pipe = await connect(server)
    const result = await work(server, pipe)
    pipe.close()
    return result
  } finally {
    await server.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function timed(pipe: RespPipe, measured: () => Promise<Omit<Sample, 'targetCpuMs'>>): Promise<Sample> {
  const before = await cpuMsOf(pipe)
  const sample = await measured()
  return { ...sample, targetCpuMs: (await cpuMsOf(pipe)) - before }
}

async function cpuMsOf(pipe: RespPipe): Promise<number> {
  const text = String(await must(pipe, 'INFO', 'cpu'))
  const seconds = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1])
  return 1000 * (seconds('used_cpu_user') + seconds('used_cpu_sys'))
}

async function child(verb: 'copy' | 'verify', setup: Setup): Promise<Omit<Sample, 'targetCpuMs'>> {
  const { target, snapshot, tlsPort, ca } = setup
  const password = encodeURIComponent(target.password.reveal('measure a copy'))
  const url =
    tlsPort !== null
      ? `rediss://default:${password}@localhost:${tlsPort}/0?sslrootcert=${encodeURIComponent(ca)}`
      : `redis://default:${password}@127.0.0.1:${target.port}/0`
  const args = ['redis', verb, '--source', `file:${snapshot}`, '--target', 'env:TARGET', '--carry', 'all', '--json']
  const running = spawn(process.execPath, [...nodeFlags, childProgram, ...args], {
    env: { ...process.env, ...childEnv, TARGET: url },
  })
  let [stdout, stderr] = ['', '']
  running.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  running.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const code = await new Promise((resolve) => running.once('close', resolve))
  if (code !== 0) throw new Error(`${verb} ended with ${String(code)}: ${stderr}`)
  const { tookMs } = JSON.parse(lastLine(stdout))
  const { maxRssKb, cpuMs } = JSON.parse(lastLine(stderr))
  return { ms: tookMs, cpuMs, rssMb: maxRssKb / 1024 }
}

function report(samples: ReadonlyMap<Kind, readonly Sample[]>, shape: { readonly keys: number }, rounds: number): void {
  const floor = median((samples.get('floor') ?? []).map((sample) => sample.ms))
  const rows = [...samples]
    .filter(([, all]) => all.length > 0)
    .map(([kind, all]) => {
      const took = all.map((sample) => sample.ms)
      const targetCpu = median(all.map((sample) => sample.targetCpuMs))
      const cpu = all.flatMap((sample) => sample.cpuMs ?? [])
      const rss = all.flatMap((sample) => sample.rssMb ?? [])
      return {
        kind,
        medianMs: Math.round(median(took)),
        fastestMs: Math.round(Math.min(...took)),
        slowestMs: Math.round(Math.max(...took)),
        timesFloor: Number((median(took) / floor).toFixed(2)),
        targetCpuSeconds: Number((targetCpu / 1000).toFixed(2)),
        keysPerSecond: Math.round(shape.keys / (median(took) / 1000)),
        cpuSecondsPerMillionKeys:
          cpu.length === 0 ? null : Number((median(cpu) / 1000 / (shape.keys / 1e6)).toFixed(2)),
        maxRssMb: rss.length === 0 ? null : Math.round(Math.max(...rss)),
      }
    })
  for (const row of rows) {
    process.stdout.write(
      `${row.kind.padEnd(14)} ${String(row.medianMs).padStart(7)} ms (${row.fastestMs} to ${row.slowestMs})  ${row.timesFloor.toFixed(2)} x floor  target CPU ${row.targetCpuSeconds} s  ` +
        `${String(row.keysPerSecond).padStart(9)} keys/s  CPU ${row.cpuSecondsPerMillionKeys ?? '-'} s per million  RSS ${row.maxRssMb ?? '-'} MB\n`,
    )
  }
  const machine = {
    node: process.version,
    redis: execFileSync('redis-server', ['--version'], { encoding: 'utf8' }).trim(),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
  }
  const at = new Date().toISOString()
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  const file = join(results, `redis-${at.slice(0, 10)}.json`)
  writeFileSync(
    file,
    `${JSON.stringify({ at, rounds, machine, shape, rows, samples: Object.fromEntries(samples) }, undefined, 2)}\n`,
  )
  process.stdout.write(`written: bench/results/redis-${at.slice(0, 10)}.json\n`)
}

/** Counters as apisonator names them, 1 in 150 with a time of expiry, and some of each other type. */
async function fill(pipe: RespPipe, keys: number): Promise<void> {
  let block = await pipe.acquire()
  const check = {
    onReply: (reply: unknown) => {
      if (reply instanceof ReplyError) throw new Error(reply.code)
    },
  }
  const later = String(Date.now() + 86_400_000 * 2)
  const put = async (...words: readonly string[]) => {
    const bytes = words.reduce((sum, word) => sum + word.length + 16, 32)
    if (pipe.isFull(block, bytes)) {
      pipe.send(block)
      block = await pipe.acquire(bytes)
    }
    block.array(words.length)
    for (const word of words) block.text(word)
    block.end(check)
  }
  for (let i = 0; i < keys; i++) {
    const [service, metric, application] = [i % 40, i % 7, Math.floor(i / 50)]
    // Multiplying by a large odd number spreads values and ids without chance.
    const value = String((i * 2_654_435_761) % 10 ** (1 + (i % 10)))
    const hour = new Date(Date.UTC(2025, 0, 1, i % 9000)).toISOString().replace(/\D/g, '').slice(0, 10)
    const day = hour.slice(0, 8)
    const id = ((application * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')
    if (i % 150 === 0) await put('SET', `daily_traffic/service:${service}/cinstance:${id}/${day}`, '1', 'PXAT', later)
    else if (i % 10 === 0) {
      await put(
        'SET',
        `stats/{service:${2_555_417_000 + service}}/metric:${2_555_418_000 + metric}/hour:${hour}${i}`,
        value,
      )
    } else {
      const what = `stats/{service:${2_555_417_000 + service}}/cinstance:${id}/metric:${2_555_418_000 + metric}`
      await put('SET', `${what}/day:${day}${i % 97}`, value)
    }
  }
  const few = Math.ceil(keys / 3000)
  for (let i = 0; i < few; i++) {
    const ids = Array.from({ length: 30 }, (_, n) => `${i * 30 + n}`)
    await put('SADD', `stats/{service:${i}}/cinstances`, ...ids)
    await put('HSET', `service_token/token:t${i}/service_id:${i}`, 'permissions', '')
    await put('RPUSH', `errors/service_id:${i}`, ...ids.map((id) => `{"code":"application_not_found","id":"${id}"}`))
    await put('ZADD', 'events/queue', String(i), `{"id":${i},"type":"alert"}`)
  }
  pipe.send(block)
  await pipe.drained()
}

function connect(server: LocalServer): Promise<RespPipe> {
  const { host, port, password } = server
  const signal = new AbortController().signal
  return connectResp({ host, port, password, db: 0, tls: null }, { signal, name: 'bench' })
}

async function must(pipe: RespPipe, ...words: readonly string[]): Promise<unknown> {
  const reply = await pipe.call(...words)
  if (reply instanceof ReplyError) throw new Error(`${words.join(' ')}: ${reply.message}`)
  return reply
}

async function configOf(pipe: RespPipe, name: string): Promise<unknown> {
  const reply = await must(pipe, 'CONFIG', 'GET', name)
  return Array.isArray(reply) ? reply[1] : undefined
}

async function usedMemory(pipe: RespPipe): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(String(await must(pipe, 'INFO', 'memory')))?.[1])
}

/** A certificate of our own for localhost; null without openssl. */
async function tlsSettings(folder: string) {
  const [key, ca] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', ca, ...subject],
      {
        stdio: 'ignore',
      },
    )
  } catch {
    process.stderr.write('no openssl: TLS is not measured\n')
    return null
  }
  const port = await freePort()
  const settings = {
    'tls-port': String(port),
    'tls-cert-file': ca,
    'tls-key-file': key,
    'tls-ca-cert-file': ca,
    'tls-auth-clients': 'no',
  }
  return { port, ca, settings }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
