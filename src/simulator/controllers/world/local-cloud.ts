import { Secret } from '../../../base/secret.ts'
import { parseDatabaseUrl } from '../../../model/parse-database-url.ts'
import { parseRedisUrl } from '../../../model/parse-redis-url.ts'
import type { Cloud, CloudResourceKind } from '../ports.ts'

/** Servers of this machine that stand for a cloud's, by the CR that asks for them. */
export interface LocalServers {
  readonly databases: Readonly<Record<string, Secret>>
  readonly redis: Readonly<Record<string, Secret>>
  readonly bucketRegion: string
}

/** A cloud whose databases are private servers: what it is asked for it has at once, until `lose` takes it away. */
export class LocalCloud implements Cloud {
  readonly #servers: LocalServers
  readonly #provisioned = new Set<string>()

  constructor(servers: LocalServers) {
    this.#servers = servers
  }

  async provision(
    kind: CloudResourceKind,
    name: string,
    identifier: string,
  ): Promise<ReadonlyMap<string, Secret> | null> {
    this.#provisioned.add(identifier)
    return this.find(kind, name, identifier)
  }

  async find(kind: CloudResourceKind, name: string, identifier: string): Promise<ReadonlyMap<string, Secret> | null> {
    return this.#provisioned.has(identifier) ? this.#resultOf(kind, name, identifier) : null
  }

  /** As if somebody had deleted it in the cloud. */
  lose(identifier: string): void {
    this.#provisioned.delete(identifier)
  }

  #resultOf(kind: CloudResourceKind, name: string, identifier: string): ReadonlyMap<string, Secret> {
    if (kind === 'blobstorage') {
      return new Map([
        ['bucketName', text(identifier)],
        ['bucketRegion', text(this.#servers.bucketRegion)],
        ['credentialKeyID', text('simulated')],
        ['credentialSecretKey', text('simulated')],
      ])
    }
    const url = (kind === 'postgres' ? this.#servers.databases : this.#servers.redis)[name]
    // Databases that nobody of this world connects to: those of single sign-on.
    if (url === undefined) return new Map(unused.map(([key, value]) => [key, text(value)]))
    if (kind === 'redis') {
      const { host, port, password } = parseRedisUrl(url, name)
      return new Map([
        ['uri', text(host)],
        ['port', text(port)],
        ...(password === undefined ? [] : [['password', password] as const]),
      ])
    }
    const { host, port, user, password, database } = parseDatabaseUrl(url, name)
    return new Map([
      ['username', text(user)],
      ['password', password],
      ['host', text(host)],
      ['port', text(port)],
      ['database', text(database)],
    ])
  }
}

const text = (value: string | number): Secret => new Secret(String(value))

const unused: readonly (readonly [string, string])[] = [
  ['uri', 'unused.example.com'],
  ['host', 'unused.example.com'],
  ['port', '1'],
  ['username', 'unused'],
  ['password', 'unused'],
  ['database', 'unused'],
]
