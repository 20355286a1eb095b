import { type ChildProcess, spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('programs/engine-process.ts', import.meta.url))

/** One process of the engine, as `programs/engine-process.ts` describes it, and what it says. */
export class EngineProcess {
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  readonly #listeners = new Set<() => void>()
  /** Resolves when it has opened its engine. */
  readonly ready: Promise<void>
  /** Resolves with its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>

  constructor(role: 'worker' | 'control', name: string, env: Readonly<Record<string, string>>) {
    const { PATH = '' } = process.env
    this.#child = spawn(process.execPath, [program, role, name], {
      env: { PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#lines.push(...text.trimEnd().split('\n'))
        for (const listener of this.#listeners) listener()
      })
    }
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code) => resolve(code))
    })
    this.ready = this.said((line) => line === 'ready').then(() => undefined)
    // Not everybody waits for one that is killed before it is ready.
    this.ready.catch(() => undefined)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Waits for a line of stdout or stderr; throws when the process ends without it. */
  said(isIt: (line: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = this.#lines.find(isIt)
        if (line === undefined) return
        this.#listeners.delete(look)
        resolve(line)
      }
      this.#listeners.add(look)
      look()
      // After its end the last lines may still be on their way; what comes then is heard first.
      void this.ended.then((code) => reject(new Error(`ended with ${code}:\n${this.#lines.slice(-30).join('\n')}`)))
    })
  }

  /** The last lines, for a message. */
  lastWords(): string {
    return this.#lines.slice(-30).join('\n')
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await this.ended
  }
}
