import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Certificate } from '../access/certificate.ts'
import type { User } from '../access/accounts.ts'
import { mayDo } from '../access/rbac.ts'
import type { FaultEffect } from '../fault-script.ts'
import { badRequest, forbidden, noSuchPath, Refusal, unauthorized } from '../refusal.ts'
import { scriptedRefusal, sendStatus, statusOf } from './answers.ts'
import { type ApiRequest, readRequest, resourceWords } from './api-request.ts'
import type { ApiContext, ResourceCall } from './context.ts'
import { cutAfter } from './cut-response.ts'
import { serveExec } from './exec.ts'
import { protocols } from './exec-streams.ts'
import { servePath } from './paths.ts'
import { serveResource } from './resources.ts'
import { refOf } from './context.ts'

/** What of a request the journal and the faults know, once it is clear who asks. */
interface Entrance {
  readonly user: User
  readonly effect: FaultEffect | undefined
}

/** Paths that anybody may ask for: whether the server is there. */
const open = new Set(['/healthz', '/livez', '/readyz', '/version'])

/** The HTTPS server of one simulated cluster on 127.0.0.1. */
export class ApiServer {
  readonly port: number
  readonly #server: Server
  readonly #sockets: WebSocketServer

  private constructor(server: Server, sockets: WebSocketServer, port: number) {
    this.#server = server
    this.#sockets = sockets
    this.port = port
  }

  /** `port` 0: one that is free. Rejects with the system's error when it is taken. */
  static async open(context: ApiContext, certificate: Certificate, port: number): Promise<ApiServer> {
    const { key, certificate: cert } = certificate
    const server = createServer({ key, cert, ALPNProtocols: ['http/1.1'] }, (message, response) => {
      void serve(context, message, response)
    })
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
    })
    server.on('upgrade', (message, socket, head) => void upgrade(context, sockets, message, socket, head))
    // A client that reuses a connection must not find it closed in that very moment.
    server.keepAliveTimeout = 10 * 60_000
    // Handshakes that fail are the client's to report.
    server.on('tlsClientError', () => undefined)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: '127.0.0.1', port }, resolve)
    })
    // A server that listens on TCP has such an address.
    return new ApiServer(server, sockets, (server.address() as AddressInfo).port)
  }

  /** Breaks every connection and waits until the port is free. */
  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }
}

async function serve(context: ApiContext, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const request = readRequest(message)
  if (request.target === undefined && open.has(request.path)) {
    await servePath(context, request, response)
    return
  }
  let entrance: Entrance | undefined
  try {
    entrance = enter(context, request)
    const { effect } = entrance
    if (effect?.kind === 'reset' && effect.when === 'before') {
      message.socket.destroy()
      return
    }
    refuseAsScripted(effect)
    if (effect?.kind === 'slow') await wait(effect.ms)
    if (effect?.kind === 'cut') cutAfter(response, effect.afterBytes)
    if (effect?.kind === 'reset') cutAfter(response, 0)
    authorize(context, request, entrance.user)
    if (request.target === undefined) await servePath(context, request, response)
    else await serveResource(context, callOf(context, request, entrance), response)
  } catch (error) {
    if (!response.headersSent) sendStatus(response, statusOf(error))
    else response.destroy()
  } finally {
    note(context, request, entrance, response.headersSent ? response.statusCode : 0)
  }
}

/** An exec. What else asks for another protocol, SPDY among them, is told that it is not spoken. */
async function upgrade(
  context: ApiContext,
  sockets: WebSocketServer,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy())
  const request = readRequest(message)
  let entrance: Entrance | undefined
  try {
    entrance = enter(context, request)
    const { effect } = entrance
    if (effect?.kind === 'reset' && effect.when === 'before') {
      note(context, request, entrance, 0)
      socket.destroy()
      return
    }
    refuseAsScripted(effect)
    if (effect?.kind === 'slow') await wait(effect.ms)
    authorize(context, request, entrance.user)
    if (request.target?.subresource !== 'exec') throw noSuchPath()
    const asked = (message.headers.upgrade ?? '').toLowerCase()
    if (asked !== 'websocket') throw badRequest(`unable to upgrade: ${asked} is not served here, only WebSocket is`)
    if (!protocolsOf(message).some((protocol) => protocols.some((known) => known === protocol))) {
      throw badRequest(`unable to upgrade: none of the offered protocols is one of ${protocols.join(', ')}`)
    }
    const pod = context.store.read(refOf(callOf(context, request, entrance)))
    note(context, request, entrance, 101)
    const opened = await new Promise<WebSocket>((resolve) => sockets.handleUpgrade(message, socket, head, resolve))
    await serveExec(context.pods, pod, opened, request.query, effect)
  } catch (error) {
    const status = statusOf(error)
    note(context, request, entrance, status.code)
    const body = JSON.stringify(status)
    socket.end(
      `HTTP/1.1 ${status.code} ${status.reason}\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    )
  }
}

function protocolsOf(message: IncomingMessage): readonly string[] {
  return (message.headers['sec-websocket-protocol'] ?? '').split(',').map((text) => text.trim())
}

/** Who asks, and what is scripted for it. Refuses: Unauthorized. */
function enter(context: ApiContext, request: ApiRequest): Entrance {
  const token = /^Bearer (.+)$/.exec(request.message.headers.authorization ?? '')?.[1]
  const user = token === undefined ? undefined : context.accounts.find(token)
  if (user === undefined) throw unauthorized()
  const { target, verb } = request
  const group = target === undefined || target.group === '' ? '' : `.${target.group}`
  const [plural = '', ...rest] = resourceWords(target).split('/')
  const effect = context.faults.meet({
    verb,
    resource: [plural + group, ...rest].join('/'),
    namespace: target?.namespace,
    name: target?.name,
    user: user.name,
  })
  return { user, effect }
}

function refuseAsScripted(effect: FaultEffect | undefined): void {
  if (effect?.kind === 'refuse') throw scriptedRefusal(effect.code, effect.message, effect.retryAfterSeconds)
}

/** Refuses: Forbidden. */
function authorize(context: ApiContext, request: ApiRequest, user: User): void {
  const { target, verb } = request
  if (target === undefined) {
    if (mayDo(context.store, user, { kind: 'path', verb, path: request.path })) return
    throw new Refusal(403, 'Forbidden', `forbidden: User "${user.name}" cannot ${verb} path "${request.path}"`)
  }
  const { group, namespace, name = '' } = target
  const resource = resourceWords(target)
  const at = namespace === undefined ? {} : { namespace }
  // Whoever may see a namespace by a role in it may get it, and everybody sees their own projects.
  const inside = target.plural === 'namespaces' || target.plural === 'projects' ? { namespace: name } : at
  if (mayDo(context.store, user, { kind: 'resource', verb, group, resource, name, ...(name === '' ? at : inside) }))
    return
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`
  const why = `User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`
  throw forbidden({ group, plural: target.plural }, name, why)
}

/** Refuses: NotFound, for what is not served. */
function callOf(context: ApiContext, request: ApiRequest, { user, effect }: Entrance): ResourceCall {
  const { target } = request
  const resource = target === undefined ? '' : target.plural + (target.group === '' ? '' : `.${target.group}`)
  const kind = context.store.kinds.find(resource)
  if (target === undefined || kind === undefined || kind.version !== target.version) throw noSuchPath()
  return { request, target, kind, resource, user, effect }
}

function note(context: ApiContext, request: ApiRequest, entrance: Entrance | undefined, code: number): void {
  const { target, verb, path } = request
  const command = request.query.getAll('command')
  context.journal.add({
    at: context.clock.now(),
    user: entrance?.user.name ?? '',
    verb,
    resource: target === undefined ? path : resourceWords(target),
    ...(target === undefined || target.group === '' ? {} : { group: target.group }),
    ...(target?.namespace === undefined ? {} : { namespace: target.namespace }),
    ...(target?.name === undefined ? {} : { name: target.name }),
    ...(command.length === 0 ? {} : { command }),
    code,
    ...(entrance?.effect === undefined ? {} : { fault: entrance.effect.kind }),
  })
}
