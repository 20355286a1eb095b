import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Secret } from '../../base/secret.ts'
import { ReplyError } from './reply-parser.ts'
import { defaultPipe, RespConnectionLost, RespPipe, type RespPipeOptions } from './resp-pipe.ts'

export interface RespAddress {
  readonly host: string
  readonly port: number
  /** Without one, AUTH is sent with the password alone. */
  readonly user?: string
  /** Without one, AUTH is not sent. */
  readonly password?: Secret
  /** Negative: SELECT is not sent, for a Sentinel knows none. */
  readonly db: number
  /** Null: no TLS. Otherwise the chain is always checked, the host name unless `checkHost` is false. */
  readonly tls: { readonly ca?: string; readonly checkHost: boolean } | null
}

/** The server refused a step of the greeting. */
export class RespRefused extends Error {
  override readonly name = 'RespRefused'
  readonly step: 'AUTH' | 'SELECT'
  readonly reply: ReplyError

  constructor(step: RespRefused['step'], reply: ReplyError) {
    super(`${step} was refused (${reply.code})`)
    this.step = step
    this.reply = reply
  }
}

const connectTimeoutMs = 10_000

/**
 * Connects, over TLS when the address says so, logs in, selects the db and names the connection (as far as the server
 * lets it be named).
 *
 * Throws RespConnectionLost with the system's code, RespRefused, or the TLS error as Node gives it. Abort: ends the
 * connection at any time and throws the signal's reason.
 */
export async function connectResp(
  address: RespAddress,
  options: Partial<RespPipeOptions> & { readonly signal: AbortSignal; readonly name: string },
): Promise<RespPipe> {
  const socket = await openSocket(address, options.signal)
  const pipe = new RespPipe(socket, { ...defaultPipe, ...options })
  try {
    if (address.password !== undefined) {
      const password = address.password.reveal('log in to Redis')
      const words = address.user === undefined ? [password] : [address.user, password]
      const reply = await pipe.call('AUTH', ...words)
      if (reply instanceof ReplyError) throw new RespRefused('AUTH', reply)
    }
    const selected = address.db < 0 ? null : await pipe.call('SELECT', String(address.db))
    if (selected instanceof ReplyError) throw new RespRefused('SELECT', selected)
    await pipe.call('CLIENT', 'SETNAME', options.name)
    return pipe
  } catch (error) {
    pipe.close()
    throw error
  }
}

/** A connected socket, after the TLS handshake if there is one; the caller owns it. Throws as `connectResp`. */
export async function openSocket(address: RespAddress, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted()
  const { host, port } = address
  const socket = address.tls === null ? connectTcp({ host, port }) : connectTls(tlsOptions(address, address.tls))
  const ready = address.tls === null ? 'connect' : 'secureConnect'
  socket.setNoDelay(true)
  let onAbort: (() => void) | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      socket.once(ready, resolve)
      socket.once('error', reject)
      socket.once('close', () => reject(new RespConnectionLost('')))
      socket.setTimeout(connectTimeoutMs, () => reject(new RespConnectionLost('ETIMEDOUT')))
    })
  } catch (error) {
    socket.on('error', () => undefined)
    socket.destroy()
    throw error
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
  }
  socket.setTimeout(0)
  socket.removeAllListeners('timeout')
  return socket
}

function tlsOptions(address: RespAddress, tls: NonNullable<RespAddress['tls']>) {
  const { host, port } = address
  const isName = !/^[\d.]+$|:/.test(host)
  return {
    host,
    port,
    ...(isName ? { servername: host } : {}),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    // `undefined` is "no complaint": the chain alone is checked.
    ...(tls.checkHost ? {} : { checkServerIdentity: () => undefined }),
  }
}
