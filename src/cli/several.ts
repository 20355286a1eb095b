/** For an option that may be given several times, and has no default: what was given before, and this. */
export const several = (text: string, before: readonly string[] | undefined) => [...(before ?? []), text]
