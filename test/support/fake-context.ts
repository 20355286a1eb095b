import { PassThrough } from 'node:stream'
import type { EpochMs } from '../../src/base/clock.ts'
import type { CliContext } from '../../src/cli/context.ts'

export interface FakeContext {
  readonly context: CliContext
  readonly stdout: () => string
  readonly stderr: () => string
}

/** A context over memory: no process, no terminal unless asked for, and a clock that stands at 2026-11-23. */
export function fakeContext(
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string; readonly isTTY?: boolean } = {},
): FakeContext {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() }
  const isTTY = options.isTTY ?? false
  return {
    context: {
      stdin: Object.assign(new PassThrough(), { isTTY }),
      stdout: Object.assign(streams.stdout, { isTTY, columns: 100 }),
      stderr: Object.assign(streams.stderr, { isTTY, columns: 100 }),
      env: (name) => options.env?.[name],
      cwd: options.cwd ?? '/',
      // Branding a constant.
      clock: { now: () => Date.UTC(2026, 10, 23) as EpochMs, elapsedMs: () => 0 },
      signal: new AbortController().signal,
      exitWith: () => undefined,
    },
    stdout: () => String(streams.stdout.read() ?? ''),
    stderr: () => String(streams.stderr.read() ?? ''),
  }
}
