import { createServer } from 'node:net'

/** A TCP port on 127.0.0.1 that nobody used a moment ago; somebody else may take it before the server does. */
export function freePort(): Promise<number> {
  return bind(0)
}

/** Whether somebody listens on the port of 127.0.0.1, or this process may not. */
export async function isTaken(port: number): Promise<boolean> {
  return bind(port).then(
    () => false,
    () => true,
  )
}

function bind(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = probe.address()
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('bug: a TCP socket without a port'))
        else resolve(address.port)
      })
    })
  })
}
