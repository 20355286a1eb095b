/** Old host names to new ones. */
export class HostMap {
  readonly #from: string
  readonly #to: string
  readonly #known: Map<string, string>

  /** `also`: whole names that change besides those that are learnt. */
  constructor(from: string, to: string, also: ReadonlyMap<string, string>) {
    this.#from = from
    this.#to = to
    this.#known = new Map(also)
  }

  /** Learns that 3scale serves this name. One below the old domain gets a new one, in lower case: porta compares exactly. */
  learn(host: string): void {
    const lower = host.toLowerCase()
    if (lower !== this.#from && !lower.endsWith(`.${this.#from}`)) return
    this.#known.set(host, lower.slice(0, -this.#from.length) + this.#to)
  }

  /** The new name; null for one that does not change. */
  renamed(host: string): string | null {
    return this.#known.get(host) ?? null
  }

  /**
   * Puts the new name in the place of every name that changes, and leaves every other byte as it is.
   *
   * A name is the longest run of letters, digits, dots and dashes, so `x.example.com` is not found in `x.example.com.au`
   * or in `my-x.example.com`. A backslash takes the character behind it along: the text may be JSON.
   */
  rewrite(text: string): string {
    return text.replace(/\\.|[A-Za-z0-9.-]+/gs, (token) => this.#known.get(token) ?? token)
  }
}

/** Why a name cannot be one, or null. Source: RFC 1123, RFC 1035. */
export function whyNoHost(host: string): string | null {
  if (host.length > 253) return 'it is longer than 253 characters'
  const long = host.split('.').find((label) => label.length > 63)
  return long === undefined ? null : `a part of it has ${long.length} characters, and 63 are allowed`
}
