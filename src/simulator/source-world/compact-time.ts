import { never } from '../../base/never.ts'
import { dayMs } from './calendar.ts'

export type Granularity = 'eternity' | 'year' | 'month' | 'week' | 'day' | 'hour' | 'minute'

/**
 * The last part of a counter's name, such as `hour:202504231`, for an instant in milliseconds since 1970, UTC.
 *
 * Hours and minutes lose their trailing zeros, six at most of the fourteen digits (10:00 ends in `1`, midnight in
 * nothing); years, months, weeks and days always have eight, a week those of its Monday.
 * Source: apisonator, `Time#to_compact_s` and `Stats::Keys`.
 */
export function periodOf(granularity: Granularity, ms: number): string {
  const digits = new Date(granularity === 'week' ? mondayOf(ms) : ms).toISOString().replaceAll(/\D/g, '')
  switch (granularity) {
    case 'eternity':
      return granularity
    case 'year':
      return `year:${digits.slice(0, 4)}0101`
    case 'month':
      return `month:${digits.slice(0, 6)}01`
    case 'week':
    case 'day':
      return `${granularity}:${digits.slice(0, 8)}`
    case 'hour':
      return `hour:${trimmed(`${digits.slice(0, 10)}0000`)}`
    case 'minute':
      return `minute:${trimmed(`${digits.slice(0, 12)}00`)}`
    default:
      return never(granularity)
  }
}

function mondayOf(ms: number): number {
  // 1970-01-01 was a Thursday, three days after a Monday.
  const days = Math.floor(ms / dayMs)
  return (days - ((days + 3) % 7)) * dayMs
}

function trimmed(digits: string): string {
  return digits.replace(/0{0,6}$/, '')
}
