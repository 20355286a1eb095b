import process from 'node:process'
import { Stop } from '../base/stop.ts'

/** Exit code of a process that did not wait for its work to end. */
const interrupted = 130

/**
 * Aborts with a `Stop` at the first SIGINT or SIGTERM, which lets what runs end in order, and says so; the second one ends the process
 * at once, whatever runs.
 */
export function stopOnSignals(): AbortSignal {
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(interrupted)
      stopping.abort(new Stop('operator'))
      process.stderr.write('\nStopping safely; once more to stop at once.\n')
    })
  }
  return stopping.signal
}
