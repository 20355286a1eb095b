import { spawn } from 'node:child_process'
import { endedChildrenCpuMs, peakRssMb } from './process-cpu.ts'

export interface MeasuredRun {
  /** `exit code 0`, or how else it ended. */
  readonly how: string
  readonly ms: number
  readonly cpuMs: number
  readonly rssMb: number
  readonly stdout: string
  readonly stderr: string
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** False: what it writes to stdout goes to /dev/null. */
  readonly keepStdout?: boolean
  readonly longestMs?: number
  readonly signal: AbortSignal
}

const betweenLooksMs = 20
const patienceMs = 15_000
const keptCharacters = 1_000_000

/**
 * Runs a program to its end, alone among the children of this process, and measures it from start to end.
 *
 * Memory is the kernel's own high-water mark, looked at every 20 ms. Abort, or the longest time: SIGTERM to its group, and
 * SIGKILL 15 s later; on abort it throws the reason once the program has ended.
 */
export async function runMeasured(program: string, args: readonly string[], options: RunOptions): Promise<MeasuredRun> {
  options.signal.throwIfAborted()
  const cpuBefore = endedChildrenCpuMs()
  const started = performance.now()
  // A group of its own: a terminal's Ctrl-C reaches us alone, and we end it.
  const child = spawn(program, args, {
    cwd: options.cwd ?? '/',
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', TZ: 'UTC', ...options.env },
    stdio: ['ignore', options.keepStdout === false ? 'ignore' : 'pipe', 'pipe'],
    detached: true,
  })
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const kept = { text: '' }
    stream?.setEncoding('utf8').on('data', (text: string) => (kept.text = (kept.text + text).slice(-keptCharacters)))
    return kept
  })
  let rssMb = 0
  const look = setInterval(() => (rssMb = Math.max(rssMb, peakRssMb(child.pid ?? 0))), betweenLooksMs)
  let late: NodeJS.Timeout | undefined
  const end = () => {
    signalGroup(child.pid, 'SIGTERM')
    late ??= setTimeout(() => signalGroup(child.pid, 'SIGKILL'), patienceMs)
  }
  let outOfTime = false
  const deadline = setTimeout(() => {
    outOfTime = true
    end()
  }, options.longestMs ?? 3_600_000)
  options.signal.addEventListener('abort', end, { once: true })
  try {
    const how = await new Promise<string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
    })
    const ms = performance.now() - started
    options.signal.throwIfAborted()
    return {
      how: outOfTime ? `not ended after ${Math.round(ms / 1000)} s` : how,
      ms,
      cpuMs: endedChildrenCpuMs() - cpuBefore,
      rssMb,
      stdout: stdout?.text ?? '',
      stderr: stderr?.text ?? '',
    }
  } finally {
    clearInterval(look)
    clearTimeout(deadline)
    clearTimeout(late)
    options.signal.removeEventListener('abort', end)
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has just ended.
  }
}
