import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of one request: passed on, its answer cut off after some bytes of the body, answered here, or nothing. */
export type Meddling =
  | { readonly kind: 'pass' }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  | { readonly kind: 'hang' }

export interface MeddlingProxy {
  readonly endpoint: string
  /** Asked for every request. */
  meddle: (request: IncomingMessage) => Meddling | Promise<Meddling>
  /** Method and range of every request so far, such as `GET bytes=0-99`. */
  readonly requests: string[]
  stop(): Promise<void>
}

/** An HTTP proxy on loopback in front of one server, that passes everything on until it is told otherwise. */
export async function startMeddlingProxy(to: string): Promise<MeddlingProxy> {
  const server = createServer((incoming, answer) => void take(incoming, answer))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an address and a port.
  const { port } = server.address() as AddressInfo
  const proxy: MeddlingProxy = {
    endpoint: `http://127.0.0.1:${port}`,
    meddle: () => ({ kind: 'pass' }),
    requests: [],
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  async function take(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    proxy.requests.push(`${incoming.method} ${incoming.headers.range ?? ''}`.trim())
    const meddling = await proxy.meddle(incoming)
    if (meddling.kind === 'hang') return
    if (meddling.kind === 'answer') {
      answer.writeHead(meddling.status, { 'content-type': 'application/xml', ...meddling.headers })
      answer.end(incoming.method === 'HEAD' ? undefined : meddling.body)
      return
    }
    passOn(to, incoming, answer, meddling.kind === 'cut' ? meddling.afterBytes : Number.POSITIVE_INFINITY)
  }
  return proxy
}

function passOn(to: string, incoming: IncomingMessage, answer: ServerResponse, bytes: number): void {
  const { method, headers } = incoming
  const onward = request(new URL(incoming.url ?? '/', to), { method, headers }, (got) => {
    answer.writeHead(got.statusCode ?? 502, got.headers)
    let left = bytes
    got.on('data', (piece: Buffer) => {
      answer.write(piece.subarray(0, left))
      left -= piece.length
      if (left > 0) return
      got.destroy()
      // What is written goes out before the end does.
      answer.socket?.end()
    })
    got.on('end', () => answer.end())
  })
  onward.on('error', () => answer.destroy())
  incoming.pipe(onward)
}
