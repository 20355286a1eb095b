import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** A program that was called by another one: with these words, by whom, and where its output goes. */
export interface ShimCall {
  /** As it was given to `envFor`. */
  readonly caller: string
  readonly command: readonly string[]
  readonly stdout: Writable
  readonly stderr: Writable
  /** Aborted when whoever called is gone. */
  readonly signal: AbortSignal
}

const client = fileURLToPath(new URL('shim-client.mjs', import.meta.url))

/**
 * Programs that are found in PATH and do their work in this process: a shell in a pod calls them as it calls any other.
 *
 * Each is a small file that runs `shim-client.mjs`, which tells its words to a socket of ours, writes what comes back, and ends
 * with the exit code. Folder and socket are made with the first program.
 */
export class ShimPrograms {
  readonly #run: (call: ShimCall) => Promise<number>
  readonly #sockets = new Set<Socket>()
  readonly #written = new Set<string>()
  #open: Promise<{ readonly folder: string; readonly server: Server }> | undefined

  /** `run` gives the exit code. */
  constructor(run: (call: ShimCall) => Promise<number>) {
    this.#run = run
  }

  /** The environment in which these programs are found; empty for none. `path`: where else programs are. */
  async envFor(programs: readonly string[], caller: string, path: string): Promise<Readonly<Record<string, string>>> {
    if (programs.length === 0) return {}
    this.#open ??= this.#start()
    const { folder } = await this.#open
    for (const program of programs) {
      if (this.#written.has(program)) continue
      const file = join(folder, program)
      await writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${client}' '${program}' "$@"\n`)
      await chmod(file, 0o700)
      this.#written.add(program)
    }
    return { PATH: `${folder}:${path}`, SIMULATOR_SOCKET: socketIn(folder), SIMULATOR_CALLER: caller }
  }

  async close(): Promise<void> {
    const open = await this.#open?.catch(() => undefined)
    if (open === undefined) return
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => open.server.close(() => resolve()))
    await rm(open.folder, { recursive: true, force: true })
  }

  async #start() {
    // A socket's path must be short, so it is not below the cluster's own folder.
    const folder = await mkdtemp(join(tmpdir(), 'threeshift-pods-'))
    const server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      // Whoever called has gone; the call's signal says so.
      socket.on('error', () => undefined)
      void this.#take(socket).finally(() => socket.end())
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(socketIn(folder), resolve)
    })
    return { folder, server }
  }

  async #take(socket: Socket): Promise<void> {
    const gone = new AbortController()
    socket.on('close', () => gone.abort())
    const line = await firstLine(socket)
    if (line === null) return
    // Nobody but `shim-client.mjs` writes there.
    const { caller, command } = JSON.parse(line) as Pick<ShimCall, 'caller' | 'command'>
    const to = (name: 'out' | 'err') =>
      new Writable({
        write: (piece: Buffer, _encoding, done) => {
          socket.write(`${JSON.stringify({ [name]: Buffer.from(piece).toString('base64') })}\n`, () => done())
        },
      })
    const exit = await this.#run({ caller, command, stdout: to('out'), stderr: to('err'), signal: gone.signal }).catch(
      () => 1,
    )
    socket.write(`${JSON.stringify({ exit })}\n`)
  }
}

/** Null: whoever called left without a word. */
function firstLine(socket: Socket): Promise<string | null> {
  return new Promise((resolve) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (piece: string) => {
      text += piece
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
    socket.on('close', () => resolve(null))
  })
}

function socketIn(folder: string): string {
  return join(folder, 'socket')
}
