import type { PortalAddress } from '../../model/portal-address.ts'
import type {
  BackendDecision,
  BackendListener,
  BackendQuestion,
  ServiceCredentials,
  UsageReport,
} from '../../ports/threescale-api.ts'
import { ApiClient, type ClientOptions, type Repetition } from './api-client.ts'
import type { HttpAnswer, HttpQuestion } from './https-request.ts'

/** Asks the backend to say in a header, and with its code, why a call may not pass. */
const askForReason = { '3scale-options': 'rejection_reason_header=1' }

/**
 * The backend's own API. It takes everything from the query, credentials too, as it does from the gateways.
 *
 * Faults: THREESCALE_*. Source: apisonator `lib/3scale/backend/listener.rb`, `transactor/status.rb`.
 */
export function backendListener(
  at: PortalAddress,
  credentials: ServiceCredentials,
  options: ClientOptions,
): BackendListener {
  const client = new ApiClient(at, askForReason, options)
  const ask = async (verb: 'authorize' | 'authrep', question: BackendQuestion, signal: AbortSignal) => {
    const query = queryOf(credentials, question)
    const request: HttpQuestion = { method: 'GET', path: `/transactions/${verb}.xml?${query}`, headers: {} }
    const repetition: Repetition = verb === 'authorize' ? 'repeatable' : 'once'
    return decisionOf(client, request, await client.send(request, repetition, signal), repetition)
  }
  return {
    authorize: (question, { signal }) => ask('authorize', question, signal),
    authrep: (question, { signal }) => ask('authrep', question, signal),
  }
}

function queryOf({ serviceId, serviceToken }: ServiceCredentials, { application, usage }: BackendQuestion): string {
  const query = new URLSearchParams({ service_id: serviceId, service_token: serviceToken.reveal('ask the backend') })
  if (application.kind === 'user-key') query.set('user_key', application.userKey.reveal('ask the backend'))
  else {
    query.set('app_id', application.appId)
    if (application.appKey !== null) query.set('app_key', application.appKey.reveal('ask the backend'))
  }
  for (const [metric, value] of Object.entries(usage)) query.set(`usage[${metric}]`, String(value))
  return query.toString()
}

function decisionOf(
  client: ApiClient,
  question: HttpQuestion,
  answer: HttpAnswer,
  repetition: Repetition,
): BackendDecision {
  const { body, status } = answer
  // An error of the backend's own has a code; without one, a router or proxy has answered.
  const code = /<error code="([a-z_]{1,60})"/.exec(body)?.[1]
  if (status >= 400 && status < 500 && status !== 409 && code !== undefined) {
    return { kind: 'denied', reason: code, limits: [] }
  }
  const authorized = /<status><authorized>(true|false)<\/authorized>/.exec(body)?.[1]
  if ((status === 200 && authorized === 'true') || (status === 409 && authorized === 'false')) {
    const limits = limitsIn(body)
    const plan = unescapeXml(/<plan>([^<]*)<\/plan>/.exec(body)?.[1] ?? '')
    if (authorized === 'true') return { kind: 'authorized', plan, limits }
    const reason = answer.headers['3scale-rejection-reason']
    return { kind: 'denied', reason: typeof reason === 'string' ? reason : 'unknown', limits }
  }
  throw client.faultOf(question, answer, repetition) ?? client.unreadable(question, 'it is no decision')
}

function limitsIn(body: string): readonly UsageReport[] {
  const report =
    /<usage_report metric="([^"]*)" period="([a-z]+)"[^>]*>.*?<max_value>(\d+)<\/max_value><current_value>(\d+)</gs
  return [...body.matchAll(report)].map(([, metric = '', period = '', max = '0', current = '0']) => ({
    metric: unescapeXml(metric),
    period,
    max: BigInt(max),
    current: BigInt(current),
  }))
}

function unescapeXml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
}
