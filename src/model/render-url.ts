import { Secret } from '../base/secret.ts'
import type { DatabaseAddress } from './database-address.ts'
import type { RedisEndpoint } from './redis-endpoint.ts'

/** As 3scale's secrets hold it: every part percent-encoded, so that any password survives. */
export function databaseUrl(address: DatabaseAddress): Secret {
  const { host, port, user, password, database, engine } = address
  const scheme = engine === 'mysql' ? 'mysql2' : 'postgresql'
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password.reveal('write it into a URL'))}`
  return new Secret(`${scheme}://${login}@${host}:${port}/${encodeURIComponent(database)}`)
}

/** The same for one database of a Redis, by its number. */
export function redisUrl(endpoint: RedisEndpoint, db: number): Secret {
  const { host, port, user, password, tls } = endpoint
  const revealed = password?.reveal('write it into a URL') ?? ''
  // Old clients know no user, and without one the server takes it for this one.
  const name = user === undefined || user === 'default' ? '' : user
  const login = revealed === '' ? '' : `${encodeURIComponent(name)}:${encodeURIComponent(revealed)}@`
  return new Secret(`${tls.kind === 'off' ? 'redis' : 'rediss'}://${login}${host}:${port}/${db}`)
}
