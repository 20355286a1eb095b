import { Crc64 } from '../../src/wire/rdb/crc64.ts'

/** Builds RDB files byte by byte, also those that no server of today writes. The other half of `src/wire/rdb`. */
export interface RdbEntry {
  readonly database?: number
  readonly key: Buffer | string
  readonly type: number
  /** As one of the `…Body` functions makes it. */
  readonly body: Buffer
  readonly expiresAtMs?: number
  /** Written before the key, as servers with an eviction policy do. */
  readonly idleSeconds?: number
  readonly frequency?: number
  readonly keyAs?: StringForm
}

export interface RdbFile {
  readonly version: number
  readonly entries: readonly RdbEntry[]
  readonly aux?: Readonly<Record<string, string>>
  readonly functions?: readonly string[]
  /** `zero`: switched off, as `rdbchecksum no` does. */
  readonly checksum?: 'right' | 'zero' | 'wrong'
  /** Expiries in seconds, as up to version 2. */
  readonly expirySeconds?: boolean
  readonly magic?: string
}

export type StringForm = 'raw' | 'integer' | 'lzf' | 'long'

export function rdbFile(file: RdbFile): Buffer {
  const parts: Buffer[] = [Buffer.from(file.magic ?? `REDIS${String(file.version).padStart(4, '0')}`)]
  for (const [name, value] of Object.entries(file.aux ?? {})) {
    parts.push(Buffer.from([250]), stringBody(name), stringBody(value, 'raw'))
  }
  for (const text of file.functions ?? []) parts.push(Buffer.from([245]), stringBody(text))
  let database = -1
  for (const entry of file.entries) {
    if ((entry.database ?? 0) !== database) {
      database = entry.database ?? 0
      parts.push(Buffer.from([254]), lengthOf(database))
      if (file.version >= 7) parts.push(Buffer.from([251]), lengthOf(file.entries.length), lengthOf(0))
    }
    parts.push(entryBytes(entry, file.expirySeconds ?? false))
  }
  parts.push(Buffer.from([255]))
  const body = Buffer.concat(parts)
  if (file.version < 5) return body
  const sum = Buffer.alloc(8)
  if (file.checksum !== 'zero') {
    const crc = new Crc64()
    crc.update(body, 0, body.length)
    crc.writeTo(sum, 0)
    if (file.checksum === 'wrong') sum[3] = (sum[3] ?? 0) ^ 1
  }
  return Buffer.concat([body, sum])
}

function entryBytes(entry: RdbEntry, seconds: boolean): Buffer {
  const parts: Buffer[] = []
  if (entry.expiresAtMs !== undefined) {
    const expiry = Buffer.alloc(seconds ? 5 : 9)
    if (seconds) expiry.writeInt32LE(Math.floor(entry.expiresAtMs / 1000), expiry.writeUInt8(253, 0))
    else expiry.writeBigInt64LE(BigInt(entry.expiresAtMs), expiry.writeUInt8(252, 0))
    parts.push(expiry)
  }
  if (entry.idleSeconds !== undefined) parts.push(Buffer.from([248]), lengthOf(entry.idleSeconds))
  if (entry.frequency !== undefined) parts.push(Buffer.from([249, entry.frequency]))
  return Buffer.concat([...parts, Buffer.from([entry.type]), stringBody(entry.key, entry.keyAs ?? 'raw'), entry.body])
}

/** A length as short as it goes; `wide` forces the 64-bit form. */
export function lengthOf(length: number, wide = false): Buffer {
  if (wide) {
    const bytes = Buffer.alloc(9, 0x81)
    bytes.writeBigUInt64BE(BigInt(length), 1)
    return bytes
  }
  if (length < 64) return Buffer.from([length])
  if (length < 16384) return Buffer.from([0x40 | (length >> 8), length & 0xff])
  const bytes = Buffer.alloc(5, 0x80)
  bytes.writeUInt32BE(length, 1)
  return bytes
}

/** A string: `integer` and `lzf` fall back to raw when it is none, or does not become shorter; `long` has a 64-bit length. */
export function stringBody(text: Buffer | string, as: StringForm = 'raw'): Buffer {
  const bytes = Buffer.from(text)
  if (as === 'integer') {
    const value = integerOf(bytes)
    if (value !== null && value >= -(2n ** 31n) && value < 2n ** 31n) return encodedInteger(Number(value))
  }
  if (as === 'lzf') {
    const packed = packLzf(bytes)
    if (packed.length < bytes.length) {
      return Buffer.concat([Buffer.from([0xc3]), lengthOf(packed.length), lengthOf(bytes.length), packed])
    }
  }
  return Buffer.concat([lengthOf(bytes.length, as === 'long'), bytes])
}

function encodedInteger(value: number): Buffer {
  const width = value >= -128 && value < 128 ? 1 : value >= -32768 && value < 32768 ? 2 : 4
  const bytes = Buffer.alloc(1 + width, 0xc0 | (width >> 1))
  bytes.writeIntLE(value, 1, width)
  return bytes
}

/** Lists, sets (types 1 and 2) and hashes (type 4, flat) as strings one after the other; `perEntry` is 2 for hashes. */
export function stringsBody(elements: readonly Buffer[], as: StringForm = 'raw', perEntry = 1): Buffer {
  return Buffer.concat([lengthOf(elements.length / perEntry), ...elements.map((element) => stringBody(element, as))])
}

export type Scored = readonly (readonly [member: Buffer, score: number])[]

/** Type 3. */
export function textScoresBody(members: Scored): Buffer {
  return Buffer.concat([
    lengthOf(members.length),
    ...members.flatMap(([member, score]) => [stringBody(member), textScore(score)]),
  ])
}

/** Type 5. */
export function binaryScoresBody(members: Scored): Buffer {
  return Buffer.concat([
    lengthOf(members.length),
    ...members.flatMap(([member, score]) => [stringBody(member), binaryScore(score)]),
  ])
}

/** A packed blob as the one string of types 9 to 13, 16, 17 and 20. */
export function blobBody(blob: Buffer, as: StringForm = 'raw'): Buffer {
  return stringBody(blob, as)
}

/** Type 14: ziplists; type 18: listpacks, or one plain element where a node is an only large one. */
export function quicklistBody(nodes: readonly (readonly Buffer[])[], type: 14 | 18, plainFrom = Infinity): Buffer {
  const bytes = nodes.map((node) => {
    if (type === 14) return stringBody(ziplist(node))
    const [first] = node
    const isPlain = first !== undefined && node.length === 1 && first.length >= plainFrom
    return Buffer.concat([lengthOf(isPlain ? 1 : 2), stringBody(isPlain ? first : listpack(node))])
  })
  return Buffer.concat([lengthOf(nodes.length), ...bytes])
}

export function ziplist(elements: readonly Buffer[]): Buffer {
  const parts: Buffer[] = []
  let before = 0
  let tail = 10
  for (const [index, element] of elements.entries()) {
    const previous = before < 254 ? Buffer.from([before]) : Buffer.from([254, 0, 0, 0, 0])
    if (before >= 254) previous.writeUInt32LE(before, 1)
    const entry = Buffer.concat([previous, ziplistEntry(element)])
    if (index > 0) tail += before
    before = entry.length
    parts.push(entry)
  }
  const header = Buffer.alloc(10)
  const body = Buffer.concat(parts)
  header.writeUInt32LE(11 + body.length, 0)
  header.writeUInt32LE(tail, 4)
  header.writeUInt16LE(Math.min(elements.length, 0xffff), 8)
  return Buffer.concat([header, body, Buffer.from([0xff])])
}

function ziplistEntry(element: Buffer): Buffer {
  const value = integerOf(element)
  if (value !== null) {
    if (value >= 0n && value <= 12n) return Buffer.from([0xf1 + Number(value)])
    for (const [code, width] of [
      [0xfe, 1],
      [0xc0, 2],
      [0xf0, 3],
      [0xd0, 4],
      [0xe0, 8],
    ] as const) {
      if (fitsInto(value, width)) return Buffer.concat([Buffer.from([code]), littleEndian(value, width)])
    }
  }
  const { length } = element
  if (length < 64) return Buffer.concat([Buffer.from([length]), element])
  if (length < 16384) return Buffer.concat([Buffer.from([0x40 | (length >> 8), length & 0xff]), element])
  const header = Buffer.alloc(5, 0x80)
  header.writeUInt32BE(length, 1)
  return Buffer.concat([header, element])
}

export function listpack(elements: readonly Buffer[]): Buffer {
  const body = Buffer.concat(
    elements.map((element) => {
      const entry = listpackEntry(element)
      return Buffer.concat([entry, backLength(entry.length)])
    }),
  )
  const header = Buffer.alloc(6)
  header.writeUInt32LE(7 + body.length, 0)
  header.writeUInt16LE(Math.min(elements.length, 0xffff), 4)
  return Buffer.concat([header, body, Buffer.from([0xff])])
}

function listpackEntry(element: Buffer): Buffer {
  const value = integerOf(element)
  if (value !== null) {
    if (value >= 0n && value < 128n) return Buffer.from([Number(value)])
    if (value >= -4096n && value < 4096n) {
      const bits = Number(value & 0x1fffn)
      return Buffer.from([0xc0 | (bits >> 8), bits & 0xff])
    }
    for (const [code, width] of [
      [0xf1, 2],
      [0xf2, 3],
      [0xf3, 4],
      [0xf4, 8],
    ] as const) {
      if (fitsInto(value, width)) return Buffer.concat([Buffer.from([code]), littleEndian(value, width)])
    }
  }
  const { length } = element
  if (length < 64) return Buffer.concat([Buffer.from([0x80 | length]), element])
  if (length < 4096) return Buffer.concat([Buffer.from([0xe0 | (length >> 8), length & 0xff]), element])
  const header = Buffer.alloc(5, 0xf0)
  header.writeUInt32LE(length, 1)
  return Buffer.concat([header, element])
}

/** Seven bits to a byte, the highest first; all but the first have the top bit set. */
function backLength(length: number): Buffer {
  const bytes = length <= 127 ? 1 : length < 16383 ? 2 : length < 2097151 ? 3 : length < 268435455 ? 4 : 5
  return Buffer.from(
    Array.from({ length: bytes }, (_, index) => {
      const part = Math.floor(length / 128 ** (bytes - 1 - index)) % 128
      return index === 0 ? part : part | 128
    }),
  )
}

/** Values must differ and fit into `width` bytes. */
export function intset(values: readonly bigint[], width: 2 | 4 | 8): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(width, 0)
  header.writeUInt32LE(values.length, 4)
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return Buffer.concat([header, ...sorted.map((value) => littleEndian(value, width))])
}

/** Flat pairs; `unused` bytes are left behind each value, as an overwritten field leaves them. */
export function zipmap(flat: readonly Buffer[], unused = 0): Buffer {
  const parts = flat.map((element, index) =>
    index % 2 === 0
      ? Buffer.concat([zipmapLength(element.length), element])
      : Buffer.concat([zipmapLength(element.length), Buffer.from([unused]), element, Buffer.alloc(unused)]),
  )
  return Buffer.concat([Buffer.from([Math.min(flat.length / 2, 254)]), ...parts, Buffer.from([0xff])])
}

/** A plain LZF packer: the longest match at the last place with the same three bytes. */
export function packLzf(from: Buffer): Buffer {
  const out: number[] = []
  const seen = new Map<number, number>()
  let literals: number[] = []
  const flush = () => {
    for (let at = 0; at < literals.length; at += 32) {
      const run = literals.slice(at, at + 32)
      out.push(run.length - 1, ...run)
    }
    literals = []
  }
  for (let at = 0; at < from.length; ) {
    const hash = at + 2 < from.length ? from.readUIntBE(at, 3) : -1
    const reference = hash < 0 ? undefined : seen.get(hash)
    if (hash >= 0) seen.set(hash, at)
    if (reference === undefined || at - reference > 8192) {
      literals.push(from[at++] ?? 0)
      continue
    }
    let length = 3
    while (length < 264 && at + length < from.length && from[reference + length] === from[at + length]) length++
    flush()
    const distance = at - reference - 1
    if (length - 2 < 7) out.push(((length - 2) << 5) | (distance >> 8), distance & 0xff)
    else out.push(0xe0 | (distance >> 8), length - 2 - 7, distance & 0xff)
    at += length
  }
  flush()
  return Buffer.from(out)
}

/** The integer that the bytes are the canonical text of, within 64 bits; null otherwise. */
function integerOf(bytes: Buffer): bigint | null {
  const text = bytes.toString('latin1')
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(text)) return null
  const value = BigInt(text)
  return fitsInto(value, 8) ? value : null
}

function fitsInto(value: bigint, width: number): boolean {
  return BigInt.asIntN(width * 8, value) === value
}

function littleEndian(value: bigint, width: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(value)
  return bytes.subarray(0, width)
}

function textScore(score: number): Buffer {
  if (Number.isNaN(score)) return Buffer.from([253])
  if (!Number.isFinite(score)) return Buffer.from([score > 0 ? 254 : 255])
  const text = Object.is(score, -0) ? '-0' : String(score)
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
}

function binaryScore(score: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(score)
  return bytes
}

function zipmapLength(bytes: number): Buffer {
  if (bytes < 254) return Buffer.from([bytes])
  const long = Buffer.alloc(5, 254)
  long.writeUInt32LE(bytes, 1)
  return long
}
