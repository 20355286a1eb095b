/**
 * COPY's text format, as PostgreSQL's own input functions read it: the oracle of the binary one.
 *
 * Source: PostgreSQL manual, COPY, "Text Format": tab between fields, newline after a row, `\N` for NULL, backslash
 * before what would otherwise end a field.
 */
const backslash = 0x5c
const tab = 0x09
const newline = 0x0a
const carriageReturn = 0x0d
const blockBytes = 256 * 1024

// For each byte: 0 as it is, else the letter that follows a backslash. A control character other than these is plain.
const escapes = new Uint8Array(256)
escapes[backslash] = backslash
escapes[tab] = 0x74
escapes[newline] = 0x6e
escapes[carriageReturn] = 0x72

/** Collects rows in blocks of about 256 KiB. A block that `take` hands out is the caller's. */
export class CopyTextWriter {
  #block = Buffer.allocUnsafe(blockBytes)
  #length = 0
  #inRow = false
  bytes = 0

  /** Appends one field; null is NULL. */
  field(value: Buffer | null): void {
    // Twice the value (every byte escaped), a tab before it and a newline after it.
    this.#reserve((value === null ? 2 : value.length * 2) + 2)
    if (this.#inRow) this.#block[this.#length++] = tab
    this.#inRow = true
    if (value === null) {
      this.#block[this.#length++] = backslash
      this.#block[this.#length++] = 0x4e
      return
    }
    this.#escape(value)
  }

  endRow(): void {
    this.#block[this.#length++] = newline
    this.#inRow = false
  }

  /** True when a block is worth sending. */
  get full(): boolean {
    return this.#length >= blockBytes / 2
  }

  /** Everything since the last call; only between rows. */
  take(): Buffer {
    const block = this.#block.subarray(0, this.#length)
    this.bytes += this.#length
    this.#block = Buffer.allocUnsafe(blockBytes)
    this.#length = 0
    return block
  }

  #escape(value: Buffer): void {
    let start = 0
    for (let i = 0; i < value.length; i++) {
      const letter = escapes[value[i] ?? 0] ?? 0
      if (letter === 0) continue
      this.#length += value.copy(this.#block, this.#length, start, i)
      this.#block[this.#length++] = backslash
      this.#block[this.#length++] = letter
      start = i + 1
    }
    this.#length += value.copy(this.#block, this.#length, start)
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#block.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#block.length * 2, this.#length + bytes))
    this.#block.copy(larger, 0, 0, this.#length)
    this.#block = larger
  }
}
