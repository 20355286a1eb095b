import { closeSync, openSync, writeSync } from 'node:fs'
import { Crc64 } from './crc64.ts'

const blockBytes = 256 * 1024
/** More than opcodes, expiry, type and two lengths take. */
const overheadBytes = 64

const opcode = { aux: 250, expireMs: 252, selectDb: 254, end: 255 } as const

/** The oldest version that ends with a checksum. */
export const oldestWritten = 5

/**
 * Writes an RDB file from parts, with its checksum: the other half of `RdbReader`.
 *
 *     const writer = new RdbWriter(file, 12)
 *     writer.selectDatabase(0)
 *     writer.entry(...)
 *     writer.end()
 *     writer.close()
 *
 * Synchronous, as the reader is; the file is readable by its owner alone. Without `end` it has no end mark, and no reader
 * takes it for whole. Nothing is kept of what is passed. Errors of the file system are thrown as they are.
 * Source: Redis `src/rdb.c`.
 */
export class RdbWriter {
  readonly #fd: number
  readonly #checksum = new Crc64()
  readonly #block = Buffer.allocUnsafe(blockBytes)
  #at = 0

  /** `version`: of the newest type that is going to be written, from `oldestWritten` to `newestRdbVersion`. */
  constructor(file: string, version: number) {
    this.#fd = openSync(file, 'w', 0o600)
    this.#at = this.#block.write(`REDIS${String(version).padStart(4, '0')}`, 'latin1')
  }

  /** A note about the file, such as `ctime`; these come first. */
  aux(name: string, text: string): void {
    this.#reserve(1)
    this.#byte(opcode.aux)
    for (const word of [name, text]) this.#string(Buffer.from(word))
  }

  /** The entries that follow are of this database. May go back to an earlier one. */
  selectDatabase(database: number): void {
    this.#reserve(overheadBytes)
    this.#byte(opcode.selectDb)
    this.#length(database)
  }

  /**
   * One key with its value: `value[valueStart, valueEnd)` is as `RdbReader` gives it. `expiresAtMs`: epoch milliseconds;
   * -1: does not expire.
   */
  entry(
    type: number,
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
  ): void {
    this.#reserve(overheadBytes)
    if (expiresAtMs >= 0) {
      this.#byte(opcode.expireMs)
      this.#at = this.#block.writeBigInt64LE(BigInt(expiresAtMs), this.#at)
    }
    this.#byte(type)
    this.#length(keyEnd - keyStart)
    this.#bytes(key, keyStart, keyEnd)
    this.#bytes(value, valueStart, valueEnd)
  }

  /** End mark and checksum; the file is whole. */
  end(): void {
    this.#reserve(1)
    this.#byte(opcode.end)
    this.#flush()
    this.#at = this.#checksum.writeTo(this.#block, 0)
    this.#flush()
  }

  close(): void {
    closeSync(this.#fd)
  }

  #string(bytes: Buffer): void {
    this.#reserve(overheadBytes)
    this.#length(bytes.length)
    this.#bytes(bytes, 0, bytes.length)
  }

  #byte(byte: number): void {
    this.#block[this.#at++] = byte
  }

  #length(length: number): void {
    this.#at = writeLength(this.#block, this.#at, length)
  }

  #bytes(from: Buffer, start: number, end: number): void {
    if (end - start > blockBytes - this.#at) this.#flush()
    if (end - start > blockBytes) this.#write(from.subarray(start, end))
    else this.#at += from.copy(this.#block, this.#at, start, end)
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > blockBytes) this.#flush()
  }

  #flush(): void {
    this.#write(this.#block.subarray(0, this.#at))
    this.#at = 0
  }

  #write(bytes: Buffer): void {
    this.#checksum.update(bytes, 0, bytes.length)
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at)
  }
}

/** Strings one after the other, with their count before them: the value of a list (type 1) or a set (type 2). */
export function stringsValue(strings: readonly Buffer[]): Buffer {
  return joined([lengthOf(strings.length), ...strings.flatMap(stringParts)])
}

/** Field, value, field, value …: the value of a hash (type 4). */
export function hashValue(flat: readonly Buffer[]): Buffer {
  return joined([lengthOf(flat.length / 2), ...flat.flatMap(stringParts)])
}

/** Member, score, member, score …, as `decodeElements` gives them: the value of a sorted set (type 3). */
export function sortedSetValue(flat: readonly Buffer[]): Buffer {
  return joined([
    lengthOf(flat.length / 2),
    ...flat.flatMap((part, i) => (i % 2 === 0 ? stringParts(part) : scoreParts(part))),
  ])
}

/** The value of a string (type 0), unpacked. */
export function stringValue(text: Buffer): Buffer {
  return joined(stringParts(text))
}

const specialScores: ReadonlyMap<string, number> = new Map([
  ['nan', 253],
  ['inf', 254],
  ['+inf', 254],
  ['-inf', 255],
])

function scoreParts(score: Buffer): readonly Buffer[] {
  const special = specialScores.get(score.toString('latin1'))
  return special === undefined ? [Buffer.from([score.length]), score] : [Buffer.from([special])]
}

function stringParts(bytes: Buffer): readonly Buffer[] {
  return [lengthOf(bytes.length), bytes]
}

function joined(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts)
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(9)
  return bytes.subarray(0, writeLength(bytes, 0, length))
}

/** As short as it goes. Out: the position after it. */
function writeLength(into: Buffer, at: number, length: number): number {
  if (length < 0x40) return into.writeUInt8(length, at)
  if (length < 0x4000) return into.writeUInt16BE(0x4000 | length, at)
  if (length <= 0xffff_ffff) return into.writeUInt32BE(length, into.writeUInt8(0x80, at))
  return into.writeBigUInt64BE(BigInt(length), into.writeUInt8(0x81, at))
}
