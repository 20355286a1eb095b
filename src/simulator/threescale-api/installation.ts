import { readFile } from 'node:fs/promises'
import { Redis } from 'ioredis'
import type { Clock } from '../../base/clock.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import type { RedisEndpoint } from '../../model/redis-endpoint.ts'
import { SystemDatabase } from './system-database.ts'

/** What a cluster's secrets and config maps tell the pods of a 3scale. */
export interface InstallationOptions {
  /** Secret system-database. */
  readonly database: DatabaseAddress
  /** Secret backend-redis, REDIS_STORAGE_URL. */
  readonly storage: RedisEndpoint
  /** THREESCALE_SUPERDOMAIN: the domain below which tenants get their hosts. */
  readonly superdomain: string
  readonly clock: Clock
  /** Called after a tenant's hosts have come or changed through 3scale itself: zync would now look at the routes. */
  readonly onDomainsChanged: () => void
}

/** One simulated 3scale: its real system database, its real backend Redis, and what it knows of itself. */
export class Installation {
  readonly database: SystemDatabase
  readonly storage: Redis
  readonly superdomain: string
  readonly clock: Clock
  readonly onDomainsChanged: () => void

  private constructor(database: SystemDatabase, storage: Redis, options: InstallationOptions) {
    this.database = database
    this.storage = storage
    this.superdomain = options.superdomain
    this.clock = options.clock
    this.onDomainsChanged = options.onDomainsChanged
  }

  /** Connects when something is asked; a server that is not there shows then, as it would with a real 3scale. */
  static async open(options: InstallationOptions): Promise<Installation> {
    const [database, storage] = await Promise.all([SystemDatabase.open(options.database), storageOf(options.storage)])
    return new Installation(database, storage, options)
  }

  /** Now, as the database writes it: UTC, whole seconds. */
  now(): string {
    return new Date(this.clock.now()).toISOString().slice(0, 19).replace('T', ' ')
  }

  async close(): Promise<void> {
    this.storage.disconnect()
    await this.database.close()
  }
}

async function storageOf({ host, port, user, password, db, tls }: RedisEndpoint): Promise<Redis> {
  const ca = tls.kind === 'verified' && tls.caFile ? await readFile(tls.caFile, 'utf8') : null
  const client = new Redis({
    host,
    port,
    db,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password: password.reveal('serve the simulated 3scale') }),
    ...(tls.kind === 'off' ? {} : { tls: ca === null ? {} : { ca } }),
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(attempt * 50, 1000),
  })
  // The command that meets a failure tells of it; an event that nobody listens to would be printed.
  client.on('error', () => undefined)
  return client
}
