/** Text such as `4h`, `90m` or `1h30m`. */
export const durationPattern = /^(?=\d)(?:(\d{1,3})h)?(?:(\d{1,4})m)?$/

/** Milliseconds of a duration such as `4h`, `90m` or `1h30m`; undefined for anything else and for nothing at all. */
export function parseDurationMs(text: string): number | undefined {
  const match = durationPattern.exec(text)
  if (match === null) return undefined
  const minutes = Number(match[1] ?? 0) * 60 + Number(match[2] ?? 0)
  return minutes === 0 ? undefined : minutes * 60_000
}
