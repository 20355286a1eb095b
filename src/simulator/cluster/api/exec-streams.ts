import { Readable, Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { Refusal, type Status, success } from '../refusal.ts'

/** The first byte of every message. */
const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const

/** How much output may be on its way. */
const unsentBytes = 1024 * 1024

export const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const

/** What an exec looks like over a WebSocket: three streams and a last word. */
export interface ExecStreams {
  readonly stdin: Readable | undefined
  readonly stdout: Writable
  readonly stderr: Writable
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
  /** Says how it ended and closes; nothing may be written afterwards. */
  end(status: Status): void
}

/**
 * Takes a WebSocket of the protocol v4 or v5 apart. Both directions have back-pressure: the socket is not read while nobody reads
 * `stdin`, and a write is done when the kernel has taken it. In v5, the client may close `stdin` and go on reading.
 *
 * `cutAfterBytes`: scripted; the connection breaks after so many bytes of stdout.
 */
export function execStreams(
  socket: WebSocket,
  options: { readonly hasStdin: boolean; readonly cutAfterBytes?: number },
): ExecStreams {
  const gone = new AbortController()
  const stdin = options.hasStdin ? new Readable({ read: () => socket.resume() }) : undefined
  socket.on('message', (data: RawData) => {
    const message = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
    if (message[0] === channel.close && message[1] === channel.stdin) stdin?.push(null)
    if (message[0] !== channel.stdin || stdin === undefined || message.length === 1) return
    if (!stdin.push(message.subarray(1))) socket.pause()
  })
  socket.on('close', () => {
    gone.abort()
    stdin?.push(null)
  })
  // What broke the connection also closes it.
  socket.on('error', () => undefined)
  let leftBytes = options.cutAfterBytes ?? Number.POSITIVE_INFINITY
  const writer = (number: number): Writable =>
    new Writable({
      highWaterMark: unsentBytes,
      write(chunk: Buffer, _encoding, done) {
        const given = number === channel.stdout ? chunk.subarray(0, leftBytes) : chunk
        if (number === channel.stdout) leftBytes -= given.length
        send(socket, number, given, (error) => {
          if (leftBytes === 0) socket.terminate()
          done(error)
        })
      },
    })
  const [stdout, stderr] = [writer(channel.stdout), writer(channel.stderr)]
  // A write to a client that has gone fails; `signal` tells of it.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined)
  return {
    stdin,
    stdout,
    stderr,
    signal: gone.signal,
    end: (status) => {
      send(socket, channel.status, Buffer.from(JSON.stringify(status)), () => socket.close(1000))
      // A client that waits for the end is read no more of, but has to be heard closing.
      socket.resume()
    },
  }
}

function send(socket: WebSocket, number: number, data: Buffer, done: (error?: Error | null) => void): void {
  socket.send(Buffer.concat([Buffer.from([number]), data]), { binary: true }, (error) => done(error ?? null))
}

/** How a command ended, in the words of the API. */
export function exitStatus(code: number): Status {
  if (code === 0) return success({})
  const message = `command terminated with non-zero exit code: error executing command, exit code ${code}`
  const causes = [{ reason: 'ExitCode', message: String(code) }]
  return new Refusal(500, 'NonZeroExitCode', message, { causes }).status
}
