import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** One request of the AWS protocol, as far as tests look at it. */
export interface AwsCall {
  readonly service: string
  /** Such as `CreateVpc`; for S3 method and what is asked for, such as `PUT ?policy`. */
  readonly action: string
  /** Of a form; empty for S3. */
  readonly form: URLSearchParams
  /** How many of this action came before, from 0. */
  readonly earlier: number
}

/** Passed on, perhaps later; refused here; carried out with the answer lost, or cut, on the way back; or lost on the way there. */
export type AwsFate =
  | { readonly kind: 'pass' }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'cut'; readonly bytes: number }
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'lose' }

export interface AwsFront {
  readonly endpoint: string
  /** Every call so far. */
  readonly calls: AwsCall[]
  fate: (call: AwsCall) => AwsFate
  /** Keeps a call until the promise is kept. */
  hold: (call: AwsCall) => Promise<void>
  stop(): Promise<void>
}

/** Actions that only look. */
export function isLook({ action }: AwsCall): boolean {
  return /^(?:Describe|Get|List|HEAD|GET)/.test(action)
}

/** An HTTP proxy on loopback in front of an emulator of AWS, that knows what is asked and can be told to let it fail. */
export async function startAwsFront(to: string): Promise<AwsFront> {
  const server = createServer((incoming, answer) => void take(incoming, answer))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an address and a port.
  const { port } = server.address() as AddressInfo
  const front: AwsFront = {
    endpoint: `http://127.0.0.1:${port}`,
    calls: [],
    fate: () => ({ kind: 'pass' }),
    hold: () => Promise.resolve(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  async function take(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const pieces: Buffer[] = []
    for await (const piece of incoming) pieces.push(piece)
    const body = Buffer.concat(pieces)
    const call = callOf(incoming, body, front.calls)
    front.calls.push(call)
    const fate = front.fate(call)
    await front.hold(call)
    if (fate.kind === 'slow') await pause(fate.ms)
    if (fate.kind === 'lose') return void incoming.socket.destroy()
    if (fate.kind === 'refuse') {
      answer.writeHead(fate.status, { 'content-type': 'text/xml' })
      return void answer.end(incoming.method === 'HEAD' ? undefined : refusal(call.service, fate.code))
    }
    const onward = request(
      new URL(incoming.url ?? '/', to),
      { method: incoming.method, headers: incoming.headers },
      (got) => {
        if (fate.kind === 'lose-answer') {
          got.resume()
          got.on('end', () => incoming.socket.destroy())
          return
        }
        if (fate.kind === 'cut') void cutShort(got, answer, fate.bytes)
        else {
          answer.writeHead(got.statusCode ?? 502, got.headers)
          got.pipe(answer)
        }
      },
    )
    onward.on('error', () => answer.destroy())
    onward.end(body)
  }
  return front
}

/** The head of an answer, and so many bytes of what should follow. */
async function cutShort(got: IncomingMessage, answer: ServerResponse, bytes: number): Promise<void> {
  const pieces: Buffer[] = []
  for await (const piece of got) pieces.push(piece)
  const body = Buffer.concat(pieces)
  const { 'transfer-encoding': _, ...headers } = got.headers
  // One byte more than there is, so that a short answer is cut as well.
  answer.writeHead(got.statusCode ?? 502, { ...headers, 'content-length': body.length + 1 })
  answer.flushHeaders()
  answer.write(body.subarray(0, bytes), () => answer.destroy())
}

function callOf(incoming: IncomingMessage, body: Buffer, before: readonly AwsCall[]): AwsCall {
  const service =
    /Credential=[^/]+\/\d+\/[^/]+\/([a-z0-9]+)\//.exec(incoming.headers.authorization ?? '')?.[1] ?? 'none'
  const form = new URLSearchParams(service === 's3' ? '' : body.toString())
  const { pathname, search } = new URL(incoming.url ?? '/', 'http://any')
  const kind = pathname.split('/').filter((part) => part !== '').length > 1 ? 'object' : 'bucket'
  const action = form.get('Action') ?? `${incoming.method} ${kind}${search.replace(/[=&].*$/, '')}`
  return { service, action, form, earlier: before.filter((call) => call.action === action).length }
}

/** Each protocol of AWS has an envelope of its own. */
function refusal(service: string, code: string): string {
  const error = `<Error><Code>${code}</Code><Message>said by AWS</Message></Error>`
  if (service === 's3') return `<?xml version="1.0"?>${error}`
  if (service === 'ec2') return `<Response><Errors>${error}</Errors><RequestID>r-1</RequestID></Response>`
  return `<ErrorResponse>${error.replace('<Error>', '<Error><Type>Sender</Type>')}<RequestId>r-1</RequestId></ErrorResponse>`
}
