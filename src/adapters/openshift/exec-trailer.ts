/** What the container says of a program that has ended: the last line on stderr. */
export interface ExecTrailer {
  readonly exitCode: number
  readonly stdout: { readonly bytes: number; readonly sha256: string }
  readonly stdin: { readonly bytes: number; readonly sha256: string }
}

/** Takes the trailer out of a stderr that comes in pieces. */
export class TrailerFilter {
  readonly #mark: Buffer
  #held = Buffer.alloc(0)
  #found = false

  constructor(mark: string) {
    this.#mark = Buffer.from(`\n${mark} `)
  }

  /** The bytes that are certainly not of the trailer. */
  take(bytes: Buffer): Buffer {
    this.#held = Buffer.concat([this.#held, bytes])
    if (this.#found) return Buffer.alloc(0)
    const at = this.#held.indexOf(this.#mark)
    this.#found = at !== -1
    const safe = this.#found ? at : this.#held.length - this.#startAtEnd()
    const out = this.#held.subarray(0, safe)
    this.#held = this.#held.subarray(safe)
    return out
  }

  /** Null: there was no whole trailer; then `rest` is the program's. */
  end(): { readonly trailer: ExecTrailer | null; readonly rest: Buffer } {
    const fields = /^\n\S+ (\d{1,3}) (\d{1,15}) ([0-9a-f]{64}) (\d{1,15}) ([0-9a-f]{64})\n$/.exec(this.#held.toString())
    if (!this.#found || fields === null) return { trailer: null, rest: this.#held }
    const [, code = '', outBytes = '', outSum = '', inBytes = '', inSum = ''] = fields
    const trailer = {
      exitCode: Number(code),
      stdout: { bytes: Number(outBytes), sha256: outSum },
      stdin: { bytes: Number(inBytes), sha256: inSum },
    }
    return { trailer, rest: Buffer.alloc(0) }
  }

  /** How many of the last bytes held may be the beginning of the mark. */
  #startAtEnd(): number {
    const longest = Math.min(this.#held.length, this.#mark.length - 1)
    for (let length = longest; length > 0; length--) {
      if (this.#held.subarray(-length).equals(this.#mark.subarray(0, length))) return length
    }
    return 0
  }
}
