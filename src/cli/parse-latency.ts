import { fault } from './faults.ts'

/** The value of --max-latency, in milliseconds. */
export function parseLatency(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value > 0) return value
  throw fault('OPTION_INVALID', { option: '--max-latency', allowed: 'whole milliseconds, 1 or more' })
}
