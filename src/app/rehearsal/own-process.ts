import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startServerProcess } from '../../adapters/servers/server-process.ts'
import { fault } from './faults.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

/** One of our own commands, in a process of its own that does not outlive this one. */
export interface OwnProcess {
  readonly name: string
  /** How it ended, in words; settles once it has. */
  readonly ended: Promise<string>
  /** All that it has said so far, on both streams. */
  said(): Promise<string>
  /** The fault of its having ended so. */
  endedTooSoon(how: string): Promise<Error>
  /** As the first Ctrl-C: it drains. Resolves once it has ended; may be called again. */
  stop(): Promise<void>
}

/**
 * Starts `threeshift ARGS` with this environment and no other, in the folder `dir`, which is made. No secret may be in `args`.
 *
 * A terminal's Ctrl-C does not reach it: whoever started it ends it in order. Killed as this process may be, it ends too.
 */
export async function startOwn(
  name: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly dir: string },
): Promise<OwnProcess> {
  const { env, dir } = options
  await mkdir(dir, { recursive: true, mode: 0o711 })
  const log = join(dir, `${name}.log`)
  const running = await startServerProcess({
    program: process.execPath,
    args: [main, ...args],
    env,
    cwd: dir,
    log,
    lastSignal: 'TERM',
  })
  const said = () => readFile(log, 'utf8')
  return {
    name,
    ended: running.ended,
    said,
    endedTooSoon: async (how) =>
      fault('REHEARSAL_PROCESS_ENDED', { process: name, how, said: (await said()).trimEnd().split('\n').at(-1) ?? '' }),
    stop: () => running.stop(['SIGTERM']),
  }
}
