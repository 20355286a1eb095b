/** The instant at which every world stands still: nothing in it is younger. Milliseconds since 1970, UTC. */
export const worldNow = Date.UTC(2025, 3, 23, 17, 40, 0)

const secondMs = 1000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

/** `2025-04-23 17:40:00`, the literal of a datetime column, from milliseconds since 1970. */
export function datetime(ms: number): string {
  const iso = new Date(ms).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}`
}

/** `2025-04-23 17:40:00.000123` for datetime(6); `micros` (0 to 999,999) is the part below a second. */
export function datetime6(ms: number, micros: number): string {
  return `${datetime(ms)}.${String(micros).padStart(6, '0')}`
}

/** `2025-04-23`. */
export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** The first instant of the month that lies `months` before the one of `ms`. */
export function monthsBefore(ms: number, months: number): number {
  const date = new Date(ms)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months, 1)
}
