import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { answer } from './answer.ts'
import { FaultScript, type InjectedFault } from './fault-script.ts'
import type { Installation } from './installation.ts'
import type { Answer } from './reply.ts'
import type { ApiRequest } from './request.ts'

export interface ThreescaleApiServerOptions {
  /** PEM; for every host that is asked for. */
  readonly tls: { readonly key: string; readonly cert: string }
  /** Whose host it is now; undefined: nobody's, or no pod is ready, and the router says so. */
  readonly installationAt: (host: string) => Installation | undefined | Promise<Installation | undefined>
}

/** What was asked, in the order of arrival; no query, no header and no body, for they hold tokens. */
export interface LoggedRequest {
  readonly method: string
  readonly host: string
  readonly path: string
  /** null: never answered. */
  readonly status: number | null
}

const mostBodyBytes = 1_000_000

/**
 * A cluster's router with simulated 3scales behind it: HTTPS on a loopback port, told apart by the Host header.
 *
 * Life: `start`, then `stop`, which cuts what is open and waits for what was being answered. Installations are the
 * caller's, to open and to close.
 */
export class ThreescaleApiServer {
  readonly host = '127.0.0.1'
  readonly faults = new FaultScript()
  readonly requests: LoggedRequest[] = []
  readonly #server: Server
  readonly #options: ThreescaleApiServerOptions
  readonly #busy = new Set<Promise<void>>()
  readonly #stopping = new AbortController()

  private constructor(options: ThreescaleApiServerOptions) {
    this.#options = options
    this.#server = createServer({ ...options.tls, maxHeaderSize: 64 * 1024 }, (incoming, outgoing) => {
      const work = this.#take(incoming, outgoing).catch(() => void outgoing.destroy())
      this.#busy.add(work)
      void work.finally(() => this.#busy.delete(work))
    })
  }

  static async start(options: ThreescaleApiServerOptions): Promise<ThreescaleApiServer> {
    const server = new ThreescaleApiServer(options)
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject)
      server.#server.listen(0, server.host, resolve)
    })
    return server
  }

  get port(): number {
    // A server that listens on TCP has an address and a port.
    return (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#stopping.abort()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await Promise.all([closed, ...this.#busy])
  }

  async #take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await readRequest(incoming)
    const fault = this.faults.next(request)
    const log = (status: number | null) =>
      this.requests.push({ method: request.method, host: request.host, path: request.path, status })
    if (fault?.kind === 'hang' || (fault?.kind === 'cut' && fault.when === 'before')) {
      log(null)
      if (fault.kind === 'cut') outgoing.destroy()
      return
    }
    if (fault?.kind === 'slow') await delay(fault.delayMs, undefined, { signal: this.#stopping.signal })
    const reply = await this.#answerTo(request, fault)
    log(reply.status)
    if (fault?.kind === 'cut' && fault.bytes === 0) return void outgoing.destroy()
    const body = Buffer.from(reply.body)
    const head = (length: number) => outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': length })
    if (fault?.kind !== 'cut') return void head(body.length).end(body)
    // A body that is no longer than what is sent is cut as well.
    head(Math.max(body.length, fault.bytes + 1)).flushHeaders()
    outgoing.write(body.subarray(0, fault.bytes), () => outgoing.destroy())
  }

  async #answerTo(request: ApiRequest, fault: InjectedFault | undefined): Promise<Answer> {
    if (fault?.kind === 'answer') {
      return { status: fault.status, headers: fault.headers ?? {}, body: fault.body ?? '' }
    }
    const installation = await this.#options.installationAt(request.host)
    if (installation !== undefined) return answer(installation, request)
    const body = '<html><body><h1>Application is not available</h1></body></html>'
    return { status: 503, headers: { 'content-type': 'text/html' }, body }
  }
}

async function readRequest(incoming: IncomingMessage): Promise<ApiRequest> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of incoming) {
    pieces.push(piece)
    bytes += piece.length
    if (bytes > mostBodyBytes) throw new Error('the request is too large')
  }
  const [path = '/', query = ''] = (incoming.url ?? '/').split('?', 2)
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value)
  return {
    method: incoming.method ?? 'GET',
    host: (incoming.headers.host ?? '').replace(/:\d+$/, '').toLowerCase(),
    path,
    query,
    headers,
    body: Buffer.concat(pieces),
  }
}
