import { styleText } from 'node:util'
import type { Fault } from '../base/fault.ts'
import type { CliContext } from './context.ts'

/**
 * Prints a fault for a person on stderr: its code, the fact, the next action. With `json` the last line of stdout is
 * `{"verdict":"failed","fault":{"code","message","remedy"}}` as well.
 */
export function printFault(fault: Fault, context: CliContext, json: boolean): void {
  const paint = painter(context, context.stderr)
  context.stderr.write(
    `${paint(['bold', 'red'], `✗ ${fault.code}`)}  ${fault.message}\n  ${paint('bold', 'Next:')} ${fault.remedy}\n`,
  )
  if (json) {
    const { code, message, remedy } = fault
    context.stdout.write(`${JSON.stringify({ verdict: 'failed', fault: { code, message, remedy } })}\n`)
  }
}

export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string

/** Colours text for one stream: only on a terminal, and not at all when NO_COLOR is set to anything. */
export function painter(context: CliContext, stream: CliContext['stdout']): Paint {
  const plain = stream.isTTY !== true || (context.env('NO_COLOR') ?? '') !== '' || context.env('TERM') === 'dumb'
  // The decision is made here, from the context; styleText is not to look at the process.
  return (format, text) => (plain ? text : styleText(format, text, { validateStream: false }))
}
