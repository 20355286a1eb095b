import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface ConnectProxy {
  readonly url: string
  /** Host and port of every tunnel so far. */
  readonly tunnels: string[]
  stop(): Promise<void>
}

/** A proxy on loopback that tunnels CONNECT to loopback, for whoever gives user and password. */
export async function startConnectProxy(user: string, password: string): Promise<ConnectProxy> {
  const tunnels: string[] = []
  const sockets = new Set<Socket>()
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const server = createServer()
  server.on('connect', (request, client: Socket) => {
    sockets.add(client)
    client.on('error', () => client.destroy())
    if (request.headers['proxy-authorization'] !== wanted) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      return
    }
    tunnels.push(request.url ?? '')
    const port = Number(request.url?.split(':').at(-1))
    const onward = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(client).pipe(onward)
    })
    sockets.add(onward)
    onward.on('error', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an address and a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${user}:${password}@127.0.0.1:${port}`,
    tunnels,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
