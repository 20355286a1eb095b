import { fastify, type FastifyReply, type FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { Secret } from '../base/secret.ts'
import { Stop } from '../base/stop.ts'
import { faultDataOf } from '../model/fault-data.ts'
import type { AgentDesk, Caller, TokenRole } from '../ports/agent-desk.ts'
import type { Engine } from '../ports/engine.ts'
import { answerFor } from './answer-fault.ts'
import { answerRequest, completeRequest, heartbeatRequest, keysRequest, leaseRequest, releaseRequest } from './api.ts'
import type { ControlEvent } from './events.ts'
import { fault } from './faults.ts'
import { approvalsFor, migrationsOf, statusFor } from './party-view.ts'

export interface ControlPlaneOptions {
  readonly desk: AgentDesk
  readonly engine: Pick<Engine, 'list' | 'answer'>
  /** PEM. */
  readonly key: Secret
  readonly certificate: string
  readonly host: string
  /** 0: one that is free. */
  readonly port: number
  readonly clock: Clock
  readonly onEvent: (event: ControlEvent) => void
}

export interface ControlPlane {
  readonly port: number
  /** Ends waiting leases, lets requests in progress end, and stops listening. May be called again. */
  close(): Promise<void>
}

/** Outcomes and their statements; everything else is far smaller. */
const bodyLimitBytes = 4 * 1024 * 1024

/** Handles one request of a known caller: gives the answer's body, or null for none (204). */
type Handler = (caller: Caller, body: unknown, signal: AbortSignal) => Promise<object | null>

/**
 * Starts the control plane's HTTPS server. Every request needs a token; a party gets at its own things only.
 *
 * Faults: CONTROL_PORT_TAKEN.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { desk, host, clock, onEvent } = options
  const closing = new AbortController()
  const app = fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: true,
    https: { key: options.key.reveal("the server's TLS"), cert: options.certificate, minVersion: 'TLSv1.2' },
  })
  const callers = new WeakMap<FastifyRequest, Caller>()
  const codes = new WeakMap<FastifyRequest, string>()
  const startedMs = new WeakMap<FastifyRequest, number>()

  app.addHook('onRequest', async (request) => {
    startedMs.set(request, clock.elapsedMs())
    const caller = await desk.authenticate(tokenOf(request))
    if (caller === null) throw fault('CONTROL_TOKEN_REFUSED', { route: routeOf(request) })
    callers.set(request, caller)
  })
  app.addHook('onSend', async (_request, reply) => {
    // A reply is a promise of its own end: to wait for it here would be to wait for ever.
    void reply.header('cache-control', 'no-store')
  })
  app.addHook('onResponse', async (request, reply) => {
    const caller = callers.get(request)
    onEvent({
      kind: 'request',
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      tookMs: Math.round(clock.elapsedMs() - (startedMs.get(request) ?? clock.elapsedMs())),
      party: caller?.party ?? null,
      name: caller?.name ?? null,
      code: codes.get(request) ?? null,
    })
  })
  app.setErrorHandler(async (error, request, reply) => {
    const { fault: told, status, unforeseen } = answerFor(error, routeOf(request))
    codes.set(request, told.code)
    if (unforeseen) onEvent({ kind: 'broke', route: routeOf(request), error })
    return reply.code(status).send({ fault: faultDataOf(told) })
  })
  app.setNotFoundHandler((request) => {
    throw fault('CONTROL_NOT_FOUND', { route: routeOf(request) })
  })

  for (const [method, url, handler] of routes(options)) {
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        const caller = callers.get(request)
        if (caller === undefined) throw fault('CONTROL_TOKEN_REFUSED', { route: url })
        const signal = AbortSignal.any([closing.signal, goneSignal(reply)])
        const answer = await handler(caller, request.body, signal)
        return answer === null ? reply.code(204).send() : answer
      },
    })
  }

  await app.listen({ host, port: options.port }).catch((cause: unknown) => {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw fault('CONTROL_PORT_TAKEN', { host, port: options.port, reason }, cause)
  })
  const address = app.server.address()
  if (address === null || typeof address === 'string') throw new Error('bug: an HTTPS server without a port')
  onEvent({ kind: 'listening', host, port: address.port })
  return {
    port: address.port,
    close: async () => {
      closing.abort(new Stop('shutdown'))
      await app.close()
    },
  }
}

function routes({ desk, engine }: ControlPlaneOptions): readonly (readonly ['GET' | 'POST', string, Handler])[] {
  return [
    [
      'POST',
      '/v1/lease',
      async (caller, body, signal) => {
        const task = await desk.lease(caller, { ...decode(leaseRequest, body), signal })
        return task && { ...task, lease: task.lease.reveal('give it to the agent that leased') }
      },
    ],
    [
      'POST',
      '/v1/heartbeat',
      async (caller, body) => {
        const { id, lease, progress } = decode(heartbeatRequest, body)
        return desk.heartbeat(caller, { id, lease: new Secret(lease), progress })
      },
    ],
    [
      'POST',
      '/v1/complete',
      async (caller, body) => {
        const { lease, ...completion } = decode(completeRequest, body)
        await desk.complete(caller, { ...completion, lease: new Secret(lease) })
        return null
      },
    ],
    [
      'POST',
      '/v1/release',
      async (caller, body) => {
        const { id, lease } = decode(releaseRequest, body)
        await desk.release(caller, { id, lease: new Secret(lease) })
        return null
      },
    ],
    [
      'POST',
      '/v1/keys',
      async (caller, body) => {
        await desk.presentKeys(caller, decode(keysRequest, body).lineage)
        return null
      },
    ],
    ['GET', '/v1/tasks', async (caller) => ({ tasks: await desk.tasks(caller) })],
    ['GET', '/v1/status', async (caller) => statusFor(await migrationsOf(engine, caller), caller)],
    [
      'GET',
      '/v1/approvals',
      async (caller) => {
        demandRole(caller, 'approver')
        return approvalsFor(await migrationsOf(engine, caller), caller, (migration) => desk.seen(caller, migration))
      },
    ],
    [
      'POST',
      '/v1/approvals',
      async (caller, body) => {
        demandRole(caller, 'approver')
        const { statement, signature, ...answer } = decode(answerRequest, body)
        if (caller.migrations?.includes(answer.migration) === false) {
          throw fault('CONTROL_NOT_FOUND', { route: '/v1/approvals' })
        }
        // Who answers is who bears the token, whatever the request says; whether it counts is for the engine to say.
        const by = { party: caller.party, name: caller.name }
        await engine.answer({ ...answer, by, signed: { statement, signature } })
        return null
      },
    ],
  ]
}

function demandRole({ name, role }: Caller, needed: TokenRole): void {
  if (role !== needed) throw fault('CONTROL_TOKEN_ROLE', { name, role, needed })
}

function decode<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const decoded = schema.safeParse(body)
  if (decoded.success) return decoded.data
  // The place, never the value: it may be a secret.
  throw fault('CONTROL_REQUEST_MALFORMED', { where: decoded.error.issues[0]?.path.join('.') || 'its body' })
}

/** The route's pattern: what was asked for may be anything. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'this address'
}

function tokenOf({ headers }: FastifyRequest): Secret {
  return new Secret(/^Bearer ([\w-]{1,200})$/.exec(headers.authorization ?? '')?.[1] ?? '')
}

/** Aborts when the caller has gone before it was answered. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort(new Stop('sibling-failed')))
  return gone.signal
}
