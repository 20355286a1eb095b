import { createHash } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type { Secret } from '../../base/secret.ts'
import { parseRedisUrl } from '../../model/parse-redis-url.ts'
import { addressInSecret } from '../address-in-secret.ts'
import { Installation } from './installation.ts'

/** Where a cluster's secrets and config maps say that a 3scale keeps what it has. */
export interface InstallationPlace {
  /** Secret system-database, URL. */
  readonly databaseUrl: Secret
  /** Secret backend-redis, REDIS_STORAGE_URL. */
  readonly storageUrl: Secret
  /** THREESCALE_SUPERDOMAIN. */
  readonly superdomain: string
}

/**
 * Simulated 3scales by where they keep what they have, each opened when it is first asked for.
 *
 * A cluster whose secrets change, as when databases are plugged in, simply asks for another one. `close` ends them all.
 */
export class Installations {
  readonly #open = new Map<string, Promise<Installation>>()
  readonly #clock: Clock
  readonly #onDomainsChanged: (place: InstallationPlace) => void

  constructor(options: { readonly clock: Clock; readonly onDomainsChanged: (place: InstallationPlace) => void }) {
    this.#clock = options.clock
    this.#onDomainsChanged = options.onDomainsChanged
  }

  /** Faults: ADDRESS_* and REDIS_ADDRESS_* for a URL that is none. Whether anybody answers there shows when it is asked. */
  at(place: InstallationPlace): Promise<Installation> {
    const key = keyOf(place)
    const found = this.#open.get(key)
    if (found !== undefined) return found
    const opened = Installation.open({
      database: addressInSecret(place.databaseUrl),
      storage: parseRedisUrl(place.storageUrl, 'backend-redis'),
      superdomain: place.superdomain,
      clock: this.#clock,
      onDomainsChanged: () => this.#onDomainsChanged(place),
    })
    this.#open.set(key, opened)
    return opened
  }

  async close(): Promise<void> {
    const opened = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(opened.map(async (installation) => (await installation).close()))
  }
}

/** URLs hold passwords, so they are not kept as they are. */
function keyOf({ databaseUrl, storageUrl, superdomain }: InstallationPlace): string {
  const purpose = 'tell one simulated 3scale from another'
  const text = JSON.stringify([databaseUrl.reveal(purpose), storageUrl.reveal(purpose), superdomain])
  return createHash('sha256').update(text).digest('hex')
}
