/**
 * COPY's text format, both ways.
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

/**
 * Splits what COPY TO sends into rows of fields; null is NULL. Blocks may be cut anywhere.
 *
 * Rows are yielded in batches, one per block; their fields are the caller's.
 */
export async function* readCopyText(
  blocks: AsyncIterable<Buffer>,
): AsyncGenerator<readonly (readonly (Buffer | null)[])[]> {
  let pending: Buffer[] = []
  for await (const block of blocks) {
    const end = block.lastIndexOf(newline)
    if (end < 0) {
      pending.push(block)
      continue
    }
    const head = block.subarray(0, end + 1)
    yield splitRows(pending.length === 0 ? head : Buffer.concat([...pending, head]))
    pending = end + 1 < block.length ? [block.subarray(end + 1)] : []
  }
}

function splitRows(text: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = []
  let start = 0
  while (start < text.length) {
    const end = text.indexOf(newline, start)
    rows.push(splitFields(text.subarray(start, end)))
    start = end + 1
  }
  return rows
}

function splitFields(line: Buffer): (Buffer | null)[] {
  const fields: (Buffer | null)[] = []
  let start = 0
  for (;;) {
    const end = line.indexOf(tab, start)
    fields.push(unescape(line.subarray(start, end < 0 ? line.length : end)))
    if (end < 0) return fields
    start = end + 1
  }
}

const unescaped: Readonly<Record<string, number>> = { b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }

function unescape(field: Buffer): Buffer | null {
  let slash = field.indexOf(backslash)
  if (slash < 0) return field
  if (field.length === 2 && field[1] === 0x4e) return null
  const out = Buffer.allocUnsafe(field.length)
  let length = 0
  let start = 0
  while (slash >= 0) {
    length += field.copy(out, length, start, slash)
    const letter = field[slash + 1] ?? backslash
    out[length++] = unescaped[String.fromCharCode(letter)] ?? letter
    start = slash + 2
    slash = field.indexOf(backslash, start)
  }
  length += field.copy(out, length, start)
  return out.subarray(0, length)
}
