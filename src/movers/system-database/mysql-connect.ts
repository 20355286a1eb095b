import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2'
import { untilAborted } from '../../base/abort.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import { MysqlSession } from '../../wire/mysql/mysql-session.ts'
import { RingSocket } from '../../wire/ring-socket.ts'

const connectTimeoutMs = 15_000
/** How long a connection is silent before the system asks whether its other end is there. */
const keepAliveAfterMs = 60_000

/** What the session layer does not speak is not negotiated; nor may a server ask for files of this machine. */
const refusedFlags = ['-LOCAL_FILES', '-CLIENT_QUERY_ATTRIBUTES', '-SESSION_TRACK']

/** Made once per source, so that further connections find the certificates read and a TLS session to resume. */
export type MysqlTls = NonNullable<Exclude<ConnectionOptions['ssl'], string>>

/** Null: no TLS. Rejects when the CA's file cannot be read. */
export async function mysqlTls({ tls }: DatabaseAddress): Promise<MysqlTls | null> {
  if (tls.kind === 'off') return null
  return {
    rejectUnauthorized: true,
    verifyIdentity: tls.checkHost,
    ...(tls.caFile === undefined ? {} : { ca: await readFile(tls.caFile) }),
  }
}

/**
 * Connects and logs in with mysql2, then takes its socket away for good.
 *
 * mysql2 knows the logins and the start of TLS; its rows are objects, which are too dear for what follows. It talks on
 * the socket that is made here, or on a TLS socket over it, which it keeps as `stream`. Its listeners are taken off both;
 * its only timer is the one for connecting, and it has ended it. CLIENT_DEPRECATE_EOF is never asked for by mysql2.
 *
 * Abort: the connection is closed at once; throws the reason. Faults: none; what mysql2 threw is for `driverFault`.
 */
export async function connectMysql(
  address: DatabaseAddress,
  tls: MysqlTls | null,
  signal: AbortSignal,
): Promise<MysqlSession> {
  signal.throwIfAborted()
  const plain = tls === null ? new RingSocket() : new Socket()
  if (address.socket === undefined) plain.connect(address.port, address.host)
  else plain.connect(address.socket)
  plain.setNoDelay(true)
  plain.setKeepAlive(true, keepAliveAfterMs)
  const before = listenersOf(plain)
  const connection = createConnection({ ...optionsOf(address, tls), stream: () => plain })
  const ofMysql2 = listenersOf(plain).filter(([event, listener]) => !holds(before, event, listener))
  try {
    return await untilAborted(signal, () => sessionOf(connection, plain, ofMysql2, tls !== null))
  } catch (error) {
    // The TLS socket if there is one, which ends the one below: Node 24 crashes when both are ended at once.
    streamOf(connection).destroy()
    throw error
  }
}

type Listener = (...args: unknown[]) => void
type Listeners = readonly (readonly [event: string | symbol, listener: Listener])[]

/** The switch happens within mysql2's own event, so that nothing can come in between. */
function sessionOf(connection: Connection, plain: Socket, ofMysql2: Listeners, isTls: boolean): Promise<MysqlSession> {
  return new Promise((resolve, reject) => {
    // It may report a failure more than once.
    connection.on('error', reject)
    connection.once('connect', () => {
      try {
        const socket = streamOf(connection)
        if ((socket !== plain) !== isTls) throw new Error('bug: mysql2 talks on another socket than expected')
        for (const [event, listener] of ofMysql2) plain.off(event, listener)
        // On a TLS socket nobody else listens to these; Node's own listeners are for other events.
        if (isTls) for (const event of ['data', 'error', 'session']) socket.removeAllListeners(event)
        resolve(new MysqlSession(socket, { deprecateEof: false }))
      } catch (error) {
        reject(error)
      }
    })
  })
}

/** mysql2 has no public name for it; a test fails when a version keeps it elsewhere. */
function streamOf(connection: Connection): Duplex {
  const { stream } = connection as Connection & { readonly stream?: unknown }
  if (stream instanceof Duplex) return stream
  throw new Error('bug: mysql2 keeps its socket elsewhere')
}

function listenersOf(socket: Socket): Listeners {
  return socket.eventNames().flatMap((event) =>
    // `rawListeners` has the wrapper of a `once`, which is what `off` can be given.
    socket.rawListeners(event).map((listener) => [event, listener as Listener] as const),
  )
}

function holds(listeners: Listeners, event: string | symbol, listener: unknown): boolean {
  return listeners.some((other) => other[0] === event && other[1] === listener)
}

function optionsOf(address: DatabaseAddress, tls: MysqlTls | null): ConnectionOptions {
  return {
    ...(address.socket === undefined ? { host: address.host, port: address.port } : { socketPath: address.socket }),
    user: address.user,
    password: address.password.reveal('log in to the source'),
    database: address.database,
    charset: 'utf8mb4',
    connectTimeout: connectTimeoutMs,
    multipleStatements: false,
    flags: refusedFlags,
    ...(tls === null ? {} : { ssl: tls }),
  }
}
