import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import type { ExitCode } from '../base/fault.ts'

/** A stream that may be a terminal, as Node's own standard streams are. */
export interface Terminal extends Writable {
  readonly isTTY?: boolean
  readonly columns?: number
}

/**
 * What a command may know of the process that runs it. `app` makes it; nothing in `cli` touches the process itself.
 *
 * Results go to `stdout`, everything else (progress, questions, faults) to `stderr`.
 */
export interface CliContext {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Terminal
  readonly stderr: Terminal
  /** The value of an environment variable, or undefined. */
  readonly env: (name: string) => string | undefined
  /** Absolute folder that relative paths are meant from. */
  readonly cwd: string
  readonly clock: Clock
  /** Aborted with a `Stop` at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Sets the exit code of a command that ended well but has something to say, such as differences found. */
  readonly exitWith: (code: ExitCode) => void
}
