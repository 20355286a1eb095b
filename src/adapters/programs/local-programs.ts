import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { untilAborted } from '../../base/abort.ts'
import type { ProgramEnd, ProgramRun, Programs } from '../../ports/programs.ts'
import { fault } from './faults.ts'

const usualFolders = '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin'
const errorTailChars = 4000
/** How long a program may take to end by itself before it is killed. */
const graceMs = 5000

/**
 * Programs of this machine.
 *
 * In: the search path of whoever runs us, gone through first. A program gets that, a locale and its own settings, and nothing
 * else of our environment. Faults: PROGRAM_*.
 */
export function localPrograms(path: string | undefined): Programs {
  const searched = path === undefined || path === '' ? usualFolders : `${path}:${usualFolders}`
  return {
    run: (run) => runProgram(run, searched),
    withSecretFile: async (content, use, { signal }) => {
      signal.throwIfAborted()
      const folder = await mkdtemp(join(tmpdir(), 'threeshift-')).catch((error: unknown) =>
        Promise.reject(refused(error)),
      )
      try {
        const file = join(folder, 'secret')
        const text = content.reveal('a program reads it from a file of its own')
        await writeFile(file, text, { mode: 0o600, flag: 'wx' }).catch((error: unknown) =>
          Promise.reject(refused(error)),
        )
        return await use(file)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

async function runProgram(run: ProgramRun, searched: string): Promise<ProgramEnd> {
  const { program, args, env, signal } = run
  signal.throwIfAborted()
  const child = spawn(findProgram(program, searched), [...args], {
    env: { PATH: searched, LC_ALL: 'C.UTF-8', TZ: 'UTC', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = endOf(child, program)
  // Whoever waits gets the failure; this only keeps Node from taking it for nobody's.
  ended.catch(() => undefined)
  let errorTail = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    errorTail = (errorTail + text).slice(-errorTailChars)
  })
  try {
    const feeding = feed(child.stdin, run.input, ended)
    const [exitCode, inputTaken] = await untilAborted(signal, () =>
      Promise.all([ended, feeding, drain(child, run.onOutput)]),
    )
    return { exitCode, inputTaken, errorTail }
  } catch (error) {
    await end(child)
    throw error
  }
}

/** Resolves with the exit code; null: a signal has ended it. */
async function endOf(child: ChildProcess, program: string): Promise<number | null> {
  const failed = once(child, 'error').then(([error]: unknown[]) => {
    const { code = 'unknown' } = Object(error) as NodeJS.ErrnoException
    throw fault('PROGRAM_NOT_STARTED', { program, reason: code }, error)
  })
  const [code] = await Promise.race([once(child, 'close') as Promise<[number | null]>, failed])
  return code
}

/** Out: whether all of it was taken. A program that ends before is no failure here: its exit code tells. */
async function feed(
  stdin: Writable,
  input: AsyncIterable<Uint8Array> | null,
  ended: Promise<unknown>,
): Promise<boolean> {
  let broken = false
  // Node tells of a closed pipe by an event as well as by the callback.
  stdin.on('error', () => {
    broken = true
  })
  const whenEnded = ended.then(
    () => undefined,
    () => undefined,
  )
  for await (const piece of input ?? []) {
    if (broken) return false
    const full = !stdin.write(piece)
    if (full) await Promise.race([once(stdin, 'drain').catch(() => undefined), whenEnded])
    if (stdin.destroyed) return false
  }
  await new Promise<void>((resolve) => {
    stdin.end(resolve)
    void whenEnded.then(resolve)
  })
  return !broken
}

async function drain(child: ChildProcess, onOutput: ProgramRun['onOutput']): Promise<void> {
  for await (const piece of child.stdout ?? []) await onOutput(piece)
}

async function end(child: ChildProcess): Promise<void> {
  // Without an id it was never started.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.stdout?.destroy()
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await once(child, 'exit').catch(() => undefined)
  clearTimeout(timer)
}

function findProgram(program: string, searched: string): string {
  const found = searched
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
  if (found === undefined) throw fault('PROGRAM_MISSING', { program, searched })
  return found
}

function refused(error: unknown) {
  const { code = 'unknown' } = Object(error) as NodeJS.ErrnoException
  return fault('PROGRAM_SECRET_FILE', { folder: tmpdir(), reason: code }, error)
}
