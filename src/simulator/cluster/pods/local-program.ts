import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { pipeline } from 'node:stream/promises'
import type { PodExec } from '../pod-runtime.ts'

const notFound = 127
const killed = 137

/**
 * Runs a real program of this machine as if it were in the container, in a process group of its own.
 *
 * Its environment is the container's, PATH and HOME; its folder is the pod's. Absolute paths mean this machine's.
 * Out: its exit code; 127 when there is none of that name, 137 when it was killed. Abort: SIGKILL to its group, and waits for it.
 */
export async function runLocalProgram(
  exec: PodExec,
  where: { readonly folder: string; readonly path: string },
): Promise<number> {
  const [program = '', ...args] = exec.command
  const child = spawn(program, args, {
    cwd: where.folder,
    env: { LC_ALL: 'C.UTF-8', ...exec.env, PATH: where.path, HOME: where.folder, TMPDIR: where.folder },
    stdio: 'pipe',
    detached: true,
  })
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(notFound))
    child.once('close', (code, signal) => resolve(signal === null ? (code ?? notFound) : killed))
  })
  const onAbort = (): void => killGroup(child)
  exec.signal.addEventListener('abort', onAbort, { once: true })
  if (exec.signal.aborted) onAbort()
  // A program may end without reading all of its input, and a caller may leave: neither ends the simulator.
  const input = exec.stdin === undefined ? void child.stdin.end() : pipeline(exec.stdin, child.stdin).catch(ignore)
  const outputs = [
    pipeline(child.stdout, exec.stdout, { end: false }).catch(ignore),
    pipeline(child.stderr, exec.stderr, { end: false }).catch(ignore),
  ]
  child.stdin.on('error', ignore)
  try {
    const code = await ended
    await Promise.all(outputs)
    if (code === notFound && child.pid === undefined) {
      exec.stderr.write(`exec failed: "${program}": executable file not found in $PATH\n`)
    }
    return code
  } finally {
    exec.signal.removeEventListener('abort', onAbort)
    exec.stdin?.destroy()
    await input
  }
}

function ignore(): void {}

function killGroup({ pid, exitCode, signalCode }: ChildProcessWithoutNullStreams): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It ended in this very moment, which is what the signal was for.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
