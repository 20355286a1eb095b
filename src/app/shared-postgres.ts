import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import type { LocalServer } from '../adapters/servers/local-server.ts'
import { startPostgres } from '../adapters/servers/postgres.ts'
import { rest } from '../base/abort.ts'
import { Secret } from '../base/secret.ts'
import { SpoolLock } from '../movers/redis/spool-lock.ts'

const database = 'threeshift'
const user = 'threeshift'
const betweenTriesMs = 50
const triesToOpen = 5

/**
 * The private PostgreSQL of a state folder, which all processes that use the folder share.
 *
 * The first one starts it, and it ends with that process, even when that is killed. Whoever else uses it then starts it
 * again, on the same port and with the same password, so that connections come back to where they were.
 */
export class SharedPostgres {
  readonly url: Secret
  readonly #dir: string
  readonly #closing = new AbortController()
  #own: LocalServer | undefined
  #keeping: Promise<void> = Promise.resolve()

  private constructor(dir: string, url: Secret) {
    this.#dir = dir
    this.url = url
  }

  /**
   * Finds the folder's server, or makes and starts it. `dir` is absolute.
   *
   * Faults: those of `startPostgres`. Abort: throws the reason; what was started is ended.
   */
  static async open(dir: string, signal: AbortSignal): Promise<SharedPostgres> {
    await mkdir(dir, { recursive: true, mode: 0o711 })
    for (let tries = 1; ; tries++) {
      const found = await attachOrStart(dir, signal)
      const shared = new SharedPostgres(dir, found.url)
      shared.#own = found.own
      try {
        await createDatabase(found.url)
        shared.#keeping = shared.#keep()
        return shared
      } catch (error) {
        await shared.close()
        // It may have ended in this moment, with the process that had started it.
        if (tries >= triesToOpen) throw error
      }
    }
  }

  /** Ends the server when it is of this process: others go on with one of theirs. May be called again. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await this.#keeping
    await this.#own?.stop()
  }

  /** Notices the server's end, and sees to it that there is one again. */
  async #keep(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await untilGone(this.url, signal)
      if (signal.aborted) return
      // Collects a server of ours that was killed, so that its folder is free.
      await this.#own?.stop()
      this.#own = undefined
      const again = await attachOrStart(this.#dir, signal).catch(() => undefined)
      this.#own = again?.own
      if (again === undefined) await rest(betweenTriesMs, signal)
    }
  }
}

interface Found {
  readonly url: Secret
  /** Absent when another process started it. */
  readonly own?: LocalServer
}

async function attachOrStart(dir: string, signal: AbortSignal): Promise<Found> {
  for (;;) {
    signal.throwIfAborted()
    const url = await knownUrl(dir)
    if (url !== null && (await answers(url))) return { url }
    const lock = SpoolLock.take(dir)
    if (lock instanceof SpoolLock) {
      try {
        return await startAgain(dir, signal)
      } finally {
        lock.release()
      }
    }
    await rest(betweenTriesMs, signal)
  }
}

/** Under the lock: the last holder may have started it just before. */
async function startAgain(dir: string, signal: AbortSignal): Promise<Found> {
  const known = await knownUrl(dir)
  if (known !== null && (await answers(known))) return { url: known }
  const port = await portIn(dir)
  const own = await startPostgres({ dir, signal, ...(port === null ? {} : { port }) })
  const draft = join(dir, 'port.new')
  await writeFile(draft, String(own.port))
  await rename(draft, join(dir, 'port'))
  return { url: urlOf(own.port, own.password), own }
}

async function portIn(dir: string): Promise<number | null> {
  const port = Number(await readFile(join(dir, 'port'), 'utf8').catch(() => ''))
  return port > 0 ? port : null
}

async function knownUrl(dir: string): Promise<Secret | null> {
  const port = await portIn(dir)
  const password = await readFile(join(dir, 'password'), 'utf8').catch(() => '')
  return port === null || password === '' ? null : urlOf(port, new Secret(password))
}

function urlOf(port: number, password: Secret): Secret {
  const secret = encodeURIComponent(password.reveal('the URL of the private PostgreSQL'))
  return new Secret(`postgres://${user}:${secret}@127.0.0.1:${port}/${database}`)
}

/** Whether the server lets us in; its database need not be there yet. */
async function answers(url: Secret): Promise<boolean> {
  const client = clientOf(url, 'postgres')
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function createDatabase(url: Secret): Promise<void> {
  const client = clientOf(url, 'postgres')
  await client.connect()
  try {
    await client.query("SELECT pg_advisory_lock(hashtextextended('threeshift create database', 0))")
    const { rows } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])
    if (rows.length === 0) await client.query(`CREATE DATABASE ${database}`)
  } finally {
    await client.end()
  }
}

/** Returns when the connection that is held for this ends, or at once when there is none. */
async function untilGone(url: Secret, signal: AbortSignal): Promise<void> {
  const client = clientOf(url, 'postgres')
  const gone = Promise.withResolvers<void>()
  client.on('end', () => gone.resolve())
  const onAbort = () => gone.resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await client.connect()
    await gone.promise
  } catch {
    // Not there: that is what the caller wants to know.
  } finally {
    signal.removeEventListener('abort', onAbort)
    await client.end().catch(() => undefined)
  }
}

function clientOf(url: Secret, name: string): Client {
  const at = new URL(url.reveal('a connection to the private PostgreSQL'))
  at.pathname = `/${name}`
  const client = new Client({ connectionString: at.href, connectionTimeoutMillis: 2000, keepAlive: true })
  // What breaks is heard of by the query or by the connection's end.
  client.on('error', () => undefined)
  return client
}
