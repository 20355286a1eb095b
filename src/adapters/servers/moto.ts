import { mkdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { findProgram, searchPath } from './find-program.ts'
import type { LocalServerOptions, RunningServer } from './local-server.ts'
import { openServerFolder } from './server-folder.ts'
import { startServerProcess } from './server-process.ts'
import { startOnFreePort } from './start-on-free-port.ts'

const name = 'moto'

/** Starts moto with what it leaves out: its head says what. */
const withoutGaps = fileURLToPath(new URL('moto-gaps.py', import.meta.url))

/** An emulator of AWS: every service and every region at one address, in memory. */
export interface Moto extends RunningServer {
  /** For AWS_ENDPOINT_URL. Any credentials are taken, unless the settings ask for IAM's rules. */
  readonly endpoint: string
}

/**
 * Starts moto on 127.0.0.1. What was made in it is gone with it.
 *
 * `binaries` is the `bin` folder of the virtual environment that it is installed in. Settings are its variables by their
 * names: `{ INITIAL_NO_AUTH_ACTION_COUNT: '0' }` holds every call to IAM's rules. MOTO_GAPS is ours: see `moto-gaps.py`.
 *
 * Faults: SERVER_PROGRAM_MISSING, SERVER_FOLDER_BUSY, SERVER_NOT_STARTED, SERVER_NOT_READY. Abort: as the options say.
 */
export async function startMoto(options: LocalServerOptions & { readonly binaries: string }): Promise<Moto> {
  const program = findProgram(name, 'python', options, 'npm run setup')
  const folder = await openServerFolder(name, options.dir, options.signal)
  await mkdir(folder.data, { recursive: true, mode: 0o700 })
  let loggedBefore = 0
  const running = await startOnFreePort(
    {
      name,
      folder,
      stopSignals: ['SIGTERM'],
      start: async (port) => {
        loggedBefore = (await readLog(folder.log)).length
        return startServerProcess({
          program,
          // Python takes any -X: it puts the folder on the command line, by which the next start finds this server.
          args: ['-I', '-X', `folder=${folder.dir}`, withoutGaps, '-H', '127.0.0.1', '-p', String(port)],
          env: { PATH: searchPath(options.path), LC_ALL: 'C.UTF-8', TZ: 'UTC', ...options.settings },
          cwd: folder.data,
          log: folder.log,
          lastSignal: 'TERM',
        })
      },
      knock: async (port) => {
        // It has no password to know it by; but only once it has the port to itself does it say so in its own log.
        const said = (await readLog(folder.log)).slice(loggedBefore)
        if (!said.includes(`Running on ${endpointAt(port)}`)) throw new Error('moto has not taken its port yet')
        await (await fetch(`${endpointAt(port)}/moto-api/config`, { signal: AbortSignal.timeout(2000) })).text()
      },
    },
    options.signal,
  )
  return { ...running, endpoint: endpointAt(running.port) }
}

function endpointAt(port: number): string {
  return `http://127.0.0.1:${port}`
}

/** Empty while there is none. */
async function readLog(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}
