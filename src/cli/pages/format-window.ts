import { parseDurationMs } from '../../model/duration.ts'
import type { Migration } from '../../model/migration.ts'

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Sat 5 Dec 2026, 22:00 +01:00 (21:00 UTC), at most 4h, so until Sun 6 Dec 2026, 01:00 UTC`. */
export function formatWindow(window: NonNullable<Migration['window']>): string {
  const start = Date.parse(window.start)
  const zone = /(?:Z|[+-]\d\d:\d\d)$/.exec(window.start)?.[0] ?? 'Z'
  const until = formatUtc(start + (parseDurationMs(window.limit) ?? 0))
  if (zone === 'Z') return `${formatUtc(start)}, at most ${window.limit}, so until ${until}`
  // The wall clock of the zone it was written in, read as if it were UTC.
  const wall = formatUtc(Date.parse(window.start.replace(zone, 'Z'))).replace(' UTC', ` ${zone}`)
  return `${wall} (${formatUtc(start)}), at most ${window.limit}, so until ${until}`
}

function formatUtc(at: number): string {
  const date = new Date(at)
  const time = date.toISOString().slice(11, 16)
  const day = `${days[date.getUTCDay()]} ${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`
  return `${day}, ${time} UTC`
}
