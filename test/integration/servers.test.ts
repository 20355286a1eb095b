import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { startServerProcess } from '../../src/adapters/servers/server-process.ts'
import { Fault } from '../../src/base/fault.ts'
import { never } from '../../src/base/never.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import { type ServerKind, serverKinds, startServer, temporaryFolder, withServers } from '../support/servers.ts'

const holder = fileURLToPath(new URL('../support/programs/start-servers-and-wait.ts', import.meta.url))

/** Runs one statement or command, logged in as the server's user, and gives its first value as text. */
async function ask(server: LocalServer, question: string): Promise<string> {
  const login = {
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password.reveal('a test logs in'),
  }
  switch (server.kind) {
    case 'postgres': {
      const client = new Client({ ...login, database: 'postgres' })
      await client.connect()
      const result = await client.query({ text: question, rowMode: 'array' })
      await client.end()
      return firstText(result.rows[0])
    }
    case 'mariadb': {
      const connection = await createConnection({ ...login, rowsAsArray: true })
      const [rows] = await connection.query(question)
      await connection.end()
      const [row]: readonly unknown[] = Array.isArray(rows) ? rows : []
      return firstText(row)
    }
    case 'redis': {
      const client = new Redis({ ...login, lazyConnect: true, retryStrategy: () => null })
      client.on('error', () => undefined)
      const [command = '', ...args] = question.split(' ')
      try {
        await client.connect()
        return String(await client.call(command, ...args))
      } finally {
        client.disconnect()
      }
    }
    default:
      return never(server.kind)
  }
}

function firstText(row: unknown): string {
  const first: unknown = Array.isArray(row) ? row[0] : undefined
  return typeof first === 'string' ? first : ''
}

const questions: Readonly<Record<ServerKind, { version: string; write: readonly string[]; read: string }>> = {
  postgres: {
    version: 'SHOW server_version',
    write: ['CREATE TABLE kept (v text)', "INSERT INTO kept VALUES ('still here')"],
    read: 'SELECT v FROM kept',
  },
  mariadb: {
    version: 'SELECT VERSION()',
    write: ['CREATE DATABASE d', 'CREATE TABLE d.kept (v text)', "INSERT INTO d.kept VALUES ('still here')"],
    read: 'SELECT v FROM d.kept',
  },
  redis: { version: 'PING', write: ['SET kept still-here'], read: 'GET kept' },
}

/** Every process, those that only wait to be collected left out, whose command line names the folder. */
function processesOf(dir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return words.includes(dir) ? [`${pid} ${words}`] : []
      } catch {
        return []
      }
    })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z'
  } catch {
    return false
  }
}

async function untilNoProcessOf(dir: string): Promise<void> {
  const deadline = AbortSignal.timeout(20_000)
  while (processesOf(dir).length > 0) {
    if (deadline.aborted) assert.fail(`still running: ${processesOf(dir).join('\n')}`)
    await wait(50)
  }
}

describe('private servers', () => {
  let dir = ''
  before(() => {
    dir = temporaryFolder()
  })
  after(() => {
    rmSync(dir, { recursive: true, force: true })
  })
  const servers = withServers({ postgres: true, mariadb: true, redis: true })

  for (const kind of serverKinds) {
    test(`${kind} answers on loopback and lets nobody in with a wrong password`, async () => {
      const server = servers[kind]()
      assert.equal(server.kind, kind)
      assert.equal(server.host, '127.0.0.1')
      assert.match(await ask(server, questions[kind].version), kind === 'redis' ? /PONG/ : /^\d+\.\d+/)
      await assert.rejects(ask({ ...server, password: new Secret('wrong') }, questions[kind].version))
      const words = readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')
      assert.ok(!words.includes(server.password.reveal('a test looks for it')), 'the password is on the command line')
    })

    test(`${kind} keeps its data and password over a restart, and stop may be called twice`, async () => {
      const own = join(dir, `restarted-${kind}`)
      const settings = kind === 'redis' ? { save: '3600 1' } : {}
      const first = await startServer(kind, { dir: own, settings })
      for (const statement of questions[kind].write) await ask(first, statement)
      await Promise.all([first.stop(), first.stop()])
      await first.stop()
      assert.ok(!isAlive(first.pid))
      assert.deepEqual(processesOf(own), [])
      const second = await startServer(kind, { dir: own, settings })
      try {
        assert.match(await ask(second, questions[kind].read), /still.here/)
        assert.ok(second.password.equals(first.password))
      } finally {
        await second.stop()
      }
    })

    test(`an aborted start of ${kind} throws the reason, leaves no process, and the folder still works`, async () => {
      for (const afterMs of [0, 30, 250, 500]) {
        const own = join(dir, `aborted-${kind}-${afterMs}`)
        const controller = new AbortController()
        const starting = startServer(kind, { dir: own, signal: controller.signal })
        const timer = setTimeout(() => controller.abort(new Stop('operator')), afterMs)
        const outcome = await starting.then(
          (server) => server,
          (error: unknown) => error,
        )
        clearTimeout(timer)
        // It may have been faster than the abort.
        if (outcome instanceof Error) assert.ok(outcome instanceof Stop, String(outcome))
        else await (await starting).stop()
        assert.deepEqual(processesOf(own), [])
        const again = await startServer(kind, { dir: own })
        await ask(again, questions[kind].version)
        await again.stop()
      }
    })

    test(`${kind} ends when its parent is killed with SIGKILL, and its folder can be used again`, async () => {
      const own = join(dir, `orphaned-${kind}`)
      const parent = spawn(process.execPath, [holder, kind, own], { stdio: ['ignore', 'pipe', 'inherit'] })
      const [line] = await once(parent.stdout, 'data')
      const pid = Number(String(line))
      assert.ok(isAlive(pid))
      parent.kill('SIGKILL')
      await once(parent, 'exit')
      const again = await startServer(kind, { dir: own })
      assert.ok(!isAlive(pid))
      await again.stop()
      await untilNoProcessOf(own)
    })

    test(`without its program ${kind} says so and how to get it`, async () => {
      const own = join(dir, `missing-${kind}`)
      await assert.rejects(startServer(kind, { dir: own, binaries: join(dir, 'nothing-here') }), (error: unknown) => {
        assert.ok(error instanceof Fault)
        assert.equal(error.code, 'SERVER_PROGRAM_MISSING')
        assert.match(error.remedy, /npm run setup/)
        return true
      })
      assert.ok(!existsSync(own), 'a folder was made for nothing')
    })

    test(`a ${kind} that refuses its settings fails with the place of its log`, async () => {
      const own = join(dir, `refused-${kind}`)
      await assert.rejects(startServer(kind, { dir: own, settings: { no_such_setting: '1' } }), (error: unknown) => {
        assert.ok(error instanceof Fault)
        assert.equal(error.code, 'SERVER_NOT_STARTED')
        assert.ok(error.remedy.includes(join(own, 'server.log')))
        return true
      })
      assert.match(readFileSync(join(own, 'server.log'), 'utf8'), /no_such_setting/)
      assert.deepEqual(processesOf(own), [])
    })
  }

  test('a program that is killed before it has read its first word ends, and takes nobody with it', async () => {
    for (let n = 0; n < 20; n++) {
      const running = await startServerProcess({
        program: '/bin/sleep',
        args: ['60'],
        env: {},
        cwd: dir,
        log: join(dir, 'killed.log'),
        lastSignal: 'TERM',
      })
      await running.stop([])
      assert.equal(await running.ended, 'signal SIGKILL')
      // A pipe tells of its end a turn later.
      await wait(1)
    }
  })

  test('servers that start at the same time get different ports', async () => {
    const started = await Promise.all([1, 2, 3].map((n) => startServer('redis', { dir: join(dir, `together-${n}`) })))
    assert.equal(new Set(started.map(({ port }) => port)).size, 3)
    await Promise.all(started.map((server) => server.stop()))
  })

  test('what holds a password can be read by its owner alone', async () => {
    const own = join(dir, 'secret-files')
    const server = await startServer('redis', { dir: own })
    for (const file of ['password', 'redis.conf']) assert.equal(statSync(join(own, file)).mode & 0o777, 0o600, file)
    await server.stop()
    assert.ok(!existsSync(join(dir, 'restarted-mariadb', 'accounts.sql')))
    assert.ok(!existsSync(join(dir, 'restarted-postgres', 'initial-password')))
  })
})
