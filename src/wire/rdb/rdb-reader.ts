import { Crc64, crc64Text } from './crc64.ts'
import { fault } from './faults.ts'
import { checkLzfLength, unpackLzf } from './lzf.ts'
import { newestRdbVersion, refusedTypes } from './rdb-types.ts'

/** Where bytes come from: fills `into` from its start, gives the count, 0 at the end. Synchronous on purpose: a local file. */
export interface ByteSource {
  read(into: Buffer): number
}

export interface RdbReaderOptions {
  /** Compares the file's own CRC64 at its end; true unless said otherwise. */
  readonly verifyChecksum?: boolean
  /** Size of the buffer; it grows for a larger entry, up to `maxValueBytes`. 1 MiB unless said otherwise. */
  readonly bufferBytes?: number
  /** A larger entry is RDB_VALUE_TOO_LARGE. 1 GiB unless said otherwise. */
  readonly maxValueBytes?: number
}

export interface RdbHeader {
  /** 0 before the first `next`. */
  readonly version: number
  /** What was met so far: `redis-ver`, `ctime`, `used-mem`, `aof-base`, `repl-offset` … */
  readonly aux: ReadonlyMap<string, string>
}

const opcode = {
  slotInfo: 244,
  function2: 245,
  idle: 248,
  frequency: 249,
  aux: 250,
  resizeDb: 251,
  expireMs: 252,
  expireSeconds: 253,
  selectDb: 254,
  end: 255,
} as const

/** What `#length` gives for a string in a special encoding; plain lengths are not negative. */
const encoded = { int8: -1, int16: -2, int32: -3, lzf: -4 } as const
const empty = Buffer.alloc(0)

/**
 * Reads an RDB file key by key. Values are skipped, not decoded: `rdb-value.ts` decodes the one that is wanted.
 *
 *     const reader = new RdbReader(source)
 *     while (reader.next()) use(reader.keyBytes, reader.keyStart, reader.keyEnd)
 *
 * Nothing is made per key: the fields below are overwritten by each `next`, and what they point to is valid until then.
 * `next` reads from an entry's first byte to its last with everything in one buffer; only what lies before the entry is
 * let go, and goes into the checksum then. So the source may be cut at any byte.
 *
 * Faults: RDB_*. After a fault the reader is of no more use. An entry is given before the checksum of the whole file is
 * known: nothing that was done with it is final before `next` has said false.
 * Source: Redis `src/rdb.h` and `src/rdb.c`, 2.4 to 7.4.
 */
export class RdbReader {
  db = 0
  /** RDB type byte, one of `rdbTypes`. */
  type = 0
  /** `keyBytes[keyStart, keyEnd)`: the key, unpacked. */
  keyBytes: Buffer = empty
  keyStart = 0
  keyEnd = 0
  /** `valueBytes[valueStart, valueEnd)`: the value exactly as in the file, which is the body of a RESTORE payload. */
  valueBytes: Buffer = empty
  valueStart = 0
  valueEnd = 0
  /** Epoch milliseconds; -1: does not expire. */
  expiresAtMs = -1
  /** Where in the file this entry begins, with its expiry; after the last one, the file's length. */
  offset = 0

  readonly #source: ByteSource
  readonly #maxEntryBytes: number
  readonly #verify: boolean
  readonly #checksum = new Crc64()
  readonly #aux = new Map<string, string>()
  readonly #functions: Buffer[] = []
  #version = 0
  #done = false
  #buffer: Buffer
  /** `buffer[position, end)` is read and not yet used; `buffer[0]` is byte `base` of the file. */
  #position = 0
  #end = 0
  #base = 0
  /** Nothing from here on may be let go. */
  #entry = 0
  #checked = 0
  #scratch: Buffer = Buffer.allocUnsafe(1024)

  constructor(source: ByteSource, options: RdbReaderOptions = {}) {
    this.#source = source
    this.#verify = options.verifyChecksum ?? true
    this.#maxEntryBytes = options.maxValueBytes ?? 1024 ** 3
    this.#buffer = Buffer.allocUnsafe(Math.max(64, options.bufferBytes ?? 1024 ** 2))
  }

  get header(): RdbHeader {
    return { version: this.#version, aux: this.#aux }
  }

  /** The function libraries met so far, as their source text; yours. */
  get functions(): readonly Buffer[] {
    return this.#functions
  }

  /** Bytes of the file that were used so far: after `next`, where the entry ends. */
  get bytesRead(): number {
    return this.#base + this.#position
  }

  /** Moves to the next key; false when the file has ended whole: end mark, checksum right, nothing behind it. */
  next(): boolean {
    if (this.#done) return false
    if (this.#version === 0) this.#readMagic()
    this.expiresAtMs = -1
    this.#entry = this.#position
    for (;;) {
      const code = this.#byte()
      if (code < opcode.slotInfo) {
        this.#readEntry(code)
        return true
      }
      switch (code) {
        // These precede the key that they belong to.
        case opcode.expireMs:
          this.expiresAtMs = this.#expiry()
          continue
        case opcode.expireSeconds:
          this.expiresAtMs = this.#take(4).readInt32LE(this.#position - 4) * 1000
          continue
        case opcode.idle:
          this.#plainLength()
          continue
        case opcode.frequency:
          this.#skip(1)
          continue
        // These stand on their own.
        case opcode.selectDb:
          this.db = this.#plainLength()
          break
        case opcode.resizeDb:
          this.#plainLength()
          this.#plainLength()
          break
        case opcode.slotInfo:
          for (let n = 0; n < 3; n++) this.#plainLength()
          break
        case opcode.aux:
          this.#aux.set(this.#text().toString('latin1'), this.#text().toString('latin1'))
          break
        case opcode.function2:
          this.#functions.push(this.#text())
          break
        case opcode.end:
          this.#finish()
          return false
        default:
          throw this.#refused(code)
      }
      this.#entry = this.#position
    }
  }

  #readEntry(type: number): void {
    // Positions are kept from the entry's beginning, for a refill may move it.
    let scratchLength = -1
    let key = this.#position - this.#entry
    const length = this.#length()
    if (length >= 0) {
      key = this.#position - this.#entry
      this.#skip(length)
    } else scratchLength = this.#unpackString(length)
    const keyEnd = this.#position - this.#entry
    this.#skipValue(type)
    const entry = this.#entry
    this.type = type
    this.offset = this.#base + entry
    if (scratchLength < 0) {
      this.keyBytes = this.#buffer
      this.keyStart = entry + key
      this.keyEnd = entry + keyEnd
    } else {
      this.keyBytes = this.#scratch
      this.keyStart = 0
      this.keyEnd = scratchLength
    }
    this.valueBytes = this.#buffer
    this.valueStart = entry + keyEnd
    this.valueEnd = this.#position
  }

  #skipValue(type: number): void {
    switch (type) {
      case 0:
      case 9:
      case 10:
      case 11:
      case 12:
      case 13:
      case 16:
      case 17:
      case 20:
        this.#skipString()
        return
      case 1:
      case 2:
      case 14:
        for (let left = this.#plainLength(); left > 0; left--) this.#skipString()
        return
      case 3:
        for (let left = this.#plainLength(); left > 0; left--) {
          this.#skipString()
          const digits = this.#byte()
          if (digits < 253) this.#skip(digits)
        }
        return
      case 4:
        for (let left = this.#plainLength(); left > 0; left--) {
          this.#skipString()
          this.#skipString()
        }
        return
      case 5:
        for (let left = this.#plainLength(); left > 0; left--) {
          this.#skipString()
          this.#skip(8)
        }
        return
      case 18:
        for (let left = this.#plainLength(); left > 0; left--) {
          this.#plainLength()
          this.#skipString()
        }
        return
      default:
        throw this.#refused(type)
    }
  }

  #skipString(): void {
    const length = this.#length()
    if (length >= 0) this.#skip(length)
    else if (length === encoded.lzf) {
      const packed = this.#plainLength()
      this.#plainLength()
      this.#skip(packed)
    } else this.#skip(integerBytes(length))
  }

  /** Unpacks a string in a special encoding into the scratch, from 0; gives its length. */
  #unpackString(encoding: number): number {
    if (encoding !== encoded.lzf) {
      const bytes = integerBytes(encoding)
      return this.#scratch.write(String(this.#take(bytes).readIntLE(this.#position - bytes, bytes)), 0)
    }
    const packed = this.#plainLength()
    const length = this.#plainLength()
    this.#skip(packed)
    checkLzfLength(packed, length)
    if (length > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(length)
    unpackLzf(this.#buffer, this.#position - packed, this.#position, this.#scratch, length)
    return length
  }

  /** A string of the file itself (aux, function), as a Buffer of its own. */
  #text(): Buffer {
    const length = this.#length()
    if (length < 0) return Buffer.from(this.#scratch.subarray(0, this.#unpackString(length)))
    this.#skip(length)
    return Buffer.from(this.#buffer.subarray(this.#position - length, this.#position))
  }

  #expiry(): number {
    return Number(this.#take(8).readBigInt64LE(this.#position - 8))
  }

  #plainLength(): number {
    const length = this.#length()
    if (length < 0) throw fault('RDB_CORRUPT', { what: `a length before byte ${this.bytesRead}` })
    return length
  }

  #length(): number {
    const first = this.#byte()
    switch (first >>> 6) {
      case 0:
        return first
      case 1:
        return ((first & 0x3f) << 8) | this.#byte()
      case 2:
        if (first === 0x80) return this.#take(4).readUInt32BE(this.#position - 4)
        if (first === 0x81) return Number(this.#take(8).readBigUInt64BE(this.#position - 8))
        break
      default:
        if (first <= 0xc3) return -1 - (first & 0x3f)
    }
    throw fault('RDB_CORRUPT', { what: `a length before byte ${this.bytesRead}` })
  }

  #byte(): number {
    if (this.#position === this.#end) this.#fill(1)
    return this.#buffer[this.#position++] ?? 0
  }

  #skip(count: number): void {
    if (this.#end - this.#position < count) this.#fill(count)
    this.#position += count
  }

  /** Skips `count` bytes and gives the buffer, which may have become another one. */
  #take(count: number): Buffer {
    this.#skip(count)
    return this.#buffer
  }

  /** Makes sure of `count` bytes from the position on. */
  #fill(count: number): void {
    if (this.#entry > 0) this.#letGo()
    while (this.#end - this.#position < count) {
      if (this.#end === this.#buffer.length) this.#grow(this.#position + count)
      const read = this.#source.read(this.#buffer.subarray(this.#end))
      if (read === 0) throw fault('RDB_TRUNCATED', { offset: this.#base + this.#entry })
      this.#end += read
    }
  }

  /** Moves the entry in work to the buffer's beginning. */
  #letGo(): void {
    const gone = this.#entry
    if (this.#verify) this.#checksum.update(this.#buffer, this.#checked, gone)
    this.#checked = 0
    this.#buffer.copyWithin(0, gone, this.#end)
    this.#base += gone
    this.#position -= gone
    this.#end -= gone
    this.#entry = 0
  }

  #grow(wantedBytes: number): void {
    if (wantedBytes > this.#maxEntryBytes) throw this.#tooLarge(wantedBytes)
    // Twofold at most: a length that is wrong ends at the file's end, not in an allocation of its size.
    const grown = Buffer.allocUnsafe(Math.min(wantedBytes, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#end)
    this.#buffer = grown
  }

  #readMagic(): void {
    while (this.#end < magicBytes) {
      const read = this.#source.read(this.#buffer.subarray(this.#end))
      if (read === 0) break
      this.#end += read
    }
    this.#version = versionOf(this.#buffer.subarray(0, Math.min(this.#end, magicBytes)))
    this.#position = magicBytes
  }

  #finish(): void {
    if (this.#version >= 5) {
      this.#skip(8)
      const place = this.#position - 8
      const stored = crc64Text(this.#buffer, place)
      if (this.#verify && stored !== noChecksum) {
        this.#checksum.update(this.#buffer, this.#checked, place)
        const computed = this.#checksum.toString()
        if (computed !== stored) throw fault('RDB_BAD_CHECKSUM', { stored, computed })
      }
    }
    this.#refuseMore()
    this.#done = true
    this.offset = this.bytesRead
  }

  #refuseMore(): void {
    const one = Buffer.alloc(1)
    if (this.#position === this.#end && this.#source.read(one) === 0) return
    const more = this.#position < this.#end ? this.#buffer[this.#position] : one[0]
    const isCommand = more === 0x2a || more === 0x23
    throw fault(isCommand ? 'RDB_IS_AOF' : 'RDB_TRAILING_BYTES', { offset: this.bytesRead })
  }

  #refused(type: number): Error {
    const place = { database: this.db, offset: this.#base + this.#entry }
    return fault('RDB_UNSUPPORTED_TYPE', {
      type: refusedTypes.get(type) ?? `value of the unknown type ${type}`,
      ...place,
    })
  }

  #tooLarge(bytes: number): Error {
    const place = { database: this.db, offset: this.#base + this.#entry }
    return fault('RDB_VALUE_TOO_LARGE', { bytes, limitBytes: this.#maxEntryBytes, ...place })
  }
}

const magicBytes = 9
const noChecksum = '0'.repeat(16)

function integerBytes(encoding: number): number {
  return encoding === encoded.int8 ? 1 : encoding === encoded.int16 ? 2 : 4
}

/** The version that the first nine bytes of a file say. */
function versionOf(magic: Buffer): number {
  const text = magic.toString('latin1')
  const [, name, digits = ''] = /^(REDIS|VALKEY)(\d+)$/.exec(text) ?? []
  const version = Number(digits)
  if (name === 'VALKEY') throw fault('RDB_VALKEY', { version })
  if (name === undefined || version === 0) throw fault('RDB_WRONG_MAGIC', { looksLike: kindOfFile(magic, text) })
  if (version > newestRdbVersion) throw fault('RDB_VERSION_UNKNOWN', { version, newest: newestRdbVersion })
  return version
}

function kindOfFile(magic: Buffer, text: string): string {
  if (magic.length === 0) return 'an empty file'
  if (magic.length < magicBytes) return `the first ${magic.length} bytes of a file`
  if (text.startsWith('\x1f\x8b')) return 'a gzip file'
  if (text.startsWith('PK')) return 'a zip file'
  if (/^[*#]/.test(text)) return 'an append-only file'
  return 'something else'
}
