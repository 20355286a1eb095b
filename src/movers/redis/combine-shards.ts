import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type ByteSource, RdbReader } from '../../wire/rdb/rdb-reader.ts'
import { oldestWritten, RdbWriter } from '../../wire/rdb/rdb-writer.ts'
import { type CombineCounts, CommonKeys, commonKeyBytes, tooMuchInCommon } from './common-keys.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { isInPart, KeySet, keyHash, partsFor } from './key-set.ts'

/** One shard's snapshot, as `takeSnapshot` gives it. */
export interface Shard {
  /** Tells one snapshot from another. */
  readonly digest: string
  /** False when it is not of one moment. */
  readonly exact: boolean
  readonly notes: readonly string[]
  /** From the beginning, any number of times. */
  read(): ByteSource
}

export interface CombinedShards {
  /** True when each shard is of one moment; they are not of the same one. */
  readonly exact: boolean
  readonly notes: readonly string[]
  /** Keys that were on more than one shard. */
  readonly combinedKeys: number
}

export interface CombineOptions {
  readonly signal: AbortSignal
  /** Memory for keys that are on several shards; 256 MiB unless said otherwise. */
  readonly commonBytes?: number
  /** Keys that are looked through at once for repeated ones, eight bytes each; `mostHashes` unless said otherwise. */
  readonly hashesAtOnce?: number
}

const yieldEveryKeys = 16_384
const defaultCommonBytes = 256 * 1024 ** 2
/**
 * Writes one RDB file with what several shards of one Redis hold, so that everything after sees a single snapshot.
 *
 * Keys of one shard go through as they are; keys that several hold (the ring was resized: part of a counter is on the old
 * shard, part on the new one) become one by `combineValues`. A key that one shard has twice, as a scan may give it, is
 * written once, as it was last. Function libraries are counted and left out. The same shards in the same order give the
 * same bytes.
 *
 * Three passes over each shard: one counts, and checks every checksum before anything is written; one looks for keys that
 * come twice, in parts of at most 16 MB of hashes; one writes. Keys on several shards are held in memory, 256 MB at most.
 * Faults: REDIS_SHARD_GIVEN_TWICE, REDIS_SHARDS_TOO_MUCH_IN_COMMON, those of `combineValues`, RDB_*, REDIS_SPOOL_FAILED.
 * Abort: throws the reason within some ten thousand keys. After either the file stays, without an end mark.
 */
export async function combineShards(
  shards: readonly Shard[],
  file: string,
  options: CombineOptions,
): Promise<CombinedShards> {
  const facts: ShardFacts[] = []
  for (const shard of shards) facts.push(await surveyShard(shard, options.signal))
  refuseRepetition(shards, facts)
  const repeated = await findRepeated(shards, facts, options)
  try {
    const counts = await writeCombined({ shards, facts, repeated, file, options })
    return {
      exact: shards.every(({ exact }) => exact),
      notes: [...shards.flatMap(notesOf), ...combinedNotes(facts, counts)],
      combinedKeys: counts.combinedKeys,
    }
  } catch (error) {
    // Of the file that is written: what reads the shards throws faults.
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw fault('REDIS_SPOOL_FAILED', { folder: dirname(file), reason: errnoOf(error) }, error)
  }
}

async function writeCombined(work: {
  readonly shards: readonly Shard[]
  readonly facts: readonly ShardFacts[]
  readonly repeated: KeySet
  readonly file: string
  readonly options: CombineOptions
}): Promise<CombineCounts> {
  const { shards, facts, repeated, file, options } = work
  const common = new CommonKeys(options.commonBytes ?? defaultCommonBytes)
  const writer = new RdbWriter(file, Math.max(oldestWritten, ...facts.map(({ version }) => version)))
  try {
    for (const [name, text] of combinedAux(facts)) writer.aux(name, text)
    for (const [at, shard] of shards.entries()) {
      await passThrough(shard, at + 1, { writer, repeated, common, signal: options.signal })
    }
    const counts = await common.writeTo(writer, options.signal)
    writer.end()
    return counts
  } finally {
    writer.close()
  }
}

interface ShardFacts {
  readonly keys: number
  readonly functions: number
  readonly version: number
  readonly aux: ReadonlyMap<string, string>
}

async function surveyShard(shard: Shard, signal: AbortSignal): Promise<ShardFacts> {
  const reader = new RdbReader(shard.read())
  const keys = await eachEntry(reader, signal, () => undefined)
  return { keys, functions: reader.functions.length, version: reader.header.version, aux: reader.header.aux }
}

/** The same data twice would double every counter. */
function refuseRepetition(shards: readonly Shard[], facts: readonly ShardFacts[]): void {
  for (const [second, shard] of shards.entries()) {
    const history = facts[second]?.aux.get('repl-id')
    const first = shards.findIndex(
      ({ digest }, at) =>
        at < second &&
        (digest === shard.digest || (history !== undefined && facts[at]?.aux.get('repl-id') === history)),
    )
    if (first === -1 || facts[second]?.keys === 0) continue
    throw fault('REDIS_SHARD_GIVEN_TWICE', { first: first + 1, second: second + 1 })
  }
}

/** Hashes that come more than once in all shards together: of all keys that are to be combined, and of hardly another. */
async function findRepeated(
  shards: readonly Shard[],
  facts: readonly ShardFacts[],
  options: CombineOptions,
): Promise<KeySet> {
  const limitBytes = options.commonBytes ?? defaultCommonBytes
  const keys = facts.reduce((sum, one) => sum + one.keys, 0)
  const parts = partsFor(keys, options.hashesAtOnce)
  const repeated = new KeySet(0)
  for (let part = 0; part < parts; part++) {
    const all = new KeySet(Math.ceil(keys / parts))
    for (const shard of shards) {
      await eachEntry(new RdbReader(shard.read(), { verifyChecksum: false }), options.signal, (reader) => {
        const hash = hashOf(reader)
        if (isInPart(hash, part, parts)) all.add(hash)
      })
    }
    all.addRepeatedTo(repeated)
    if (repeated.size * commonKeyBytes > limitBytes) throw tooMuchInCommon(limitBytes)
  }
  return repeated
}

/** Writes what only this shard has, and puts the rest by. */
async function passThrough(
  shard: Shard,
  number: number,
  work: {
    readonly writer: RdbWriter
    readonly repeated: KeySet
    readonly common: CommonKeys
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { writer, repeated, common, signal } = work
  let database = -1
  await eachEntry(new RdbReader(shard.read(), { verifyChecksum: false }), signal, (reader) => {
    if (repeated.size > 0 && repeated.has(hashOf(reader))) {
      common.add(number, reader)
      return
    }
    if (reader.db !== database) {
      database = reader.db
      writer.selectDatabase(database)
    }
    const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = reader
    writer.entry(reader.type, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, reader.expiresAtMs)
  })
}

/** Calls `take` for each entry; gives their number. Lets other things run now and then. */
async function eachEntry(reader: RdbReader, signal: AbortSignal, take: (reader: RdbReader) => void): Promise<number> {
  let keys = 0
  signal.throwIfAborted()
  while (reader.next()) {
    take(reader)
    if (++keys % yieldEveryKeys === 0) {
      await setImmediate()
      signal.throwIfAborted()
    }
  }
  return keys
}

function hashOf(reader: RdbReader): number {
  return keyHash(reader.keyBytes, reader.keyStart, reader.keyEnd, reader.db)
}

/** What the file says of itself: the oldest moment and all the memory, where every shard says its own. */
function combinedAux(facts: readonly ShardFacts[]): readonly (readonly [string, string])[] {
  const taken = numbersOf(facts, 'ctime')
  const memory = numbersOf(facts, 'used-mem')
  return [
    ...(taken === null ? [] : [['ctime', String(Math.min(...taken))] as const]),
    ...(memory === null ? [] : [['used-mem', String(memory.reduce((sum, bytes) => sum + bytes, 0))] as const]),
  ]
}

function numbersOf(facts: readonly ShardFacts[], name: string): readonly number[] | null {
  const numbers = facts.map(({ aux }) => {
    const text = aux.get(name) ?? ''
    return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  })
  return numbers.some(Number.isNaN) ? null : numbers
}

function notesOf(shard: Shard, at: number): readonly string[] {
  return shard.notes.map((note) => `shard ${at + 1}: ${note}`)
}

function combinedNotes(facts: readonly ShardFacts[], { combinedKeys, keptKeys }: CombineCounts): readonly string[] {
  const taken = numbersOf(facts, 'ctime')
  const moments =
    taken === null
      ? 'not all of them say when they were taken'
      : `taken within ${Math.max(...taken) - Math.min(...taken)} s`
  const notes = [`${facts.length} shards were made one (${moments}); ${combinedKeys} keys were on more than one`]
  if (keptKeys > 0) {
    notes.push(
      `of ${keptKeys} of these, the shards hold different values that cannot be added: the first one's was kept`,
    )
  }
  const functions = facts.reduce((sum, one) => sum + one.functions, 0)
  if (functions > 0) notes.push(`${functions} function libraries were left behind`)
  return notes
}
