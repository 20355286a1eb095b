import { type ChildProcess, spawn } from 'node:child_process'
import process from 'node:process'

/** A Node program that is watched line by line, and killed. */
export class Child {
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  readonly #ended: Promise<void>
  #isClosed = false
  #heard = Promise.withResolvers<void>()

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    const { PATH = '' } = process.env
    this.#child = spawn(process.execPath, args, { env: { PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      let rest = ''
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\n')
        rest = parts.pop() ?? ''
        this.#lines.push(...parts)
        this.#tell()
      })
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => {
        this.#isClosed = true
        this.#tell()
        resolve()
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  /** Waits for a line, from the start or from line number `from`; throws when the process ends without it. */
  async said(isIt: (line: string) => boolean, from = 0): Promise<string> {
    for (;;) {
      const line = this.#lines.slice(from).find(isIt)
      if (line !== undefined) return line
      // The last lines of one that ended may still be on their way.
      if (this.#isClosed) throw new Error(`it ended without saying so:\n${this.#lines.slice(-20).join('\n')}`)
      await this.#heard.promise
    }
  }

  /** Null while it runs, and when a signal ended it. */
  get exitCode(): number | null {
    return this.#child.exitCode
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Sends a signal; for one that ends it, waits for that. */
  async signal(name: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    if (this.hasEnded) return
    this.#child.kill(name)
    if (name === 'SIGKILL' || name === 'SIGTERM') await this.#ended
  }

  #tell(): void {
    this.#heard.resolve()
    this.#heard = Promise.withResolvers<void>()
  }
}
