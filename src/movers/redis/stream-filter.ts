import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import { type Reply, ReplyError } from '../../wire/resp/reply-parser.ts'
import type { RespPipe } from '../../wire/resp/resp-pipe.ts'
import type { CarryPolicy } from './carry.ts'
import { fault } from './faults.ts'
import type { StreamCommand } from './stream-reader.ts'
import { ask, demand } from './target.ts'

/** Where a command names its keys: words `first` to `last` (negative: from the end), every `step`th; null: ask. */
interface KeyWords {
  readonly first: number
  readonly last: number
  readonly step: number
}

/**
 * What becomes of a command. `apply`: sent as `bytes`; `key` is its first carried key. `beat`: says only that the source
 * lives. `select`: changes the database. `skip`: is about nothing that is carried. `impossible`: cannot be followed.
 */
export type Decision =
  | { readonly kind: 'apply'; readonly bytes: Buffer; readonly key: Buffer }
  | { readonly kind: 'beat' | 'skip' }
  | { readonly kind: 'select'; readonly database: number }
  | { readonly kind: 'impossible'; readonly why: string }

/** About channels, scripts and libraries, none of which is a 3scale's data. */
const besidesData = new Set(['publish', 'spublish', 'script', 'function'])
const ofWholeDatabases = new Set(['flushall', 'flushdb', 'swapdb'])
/** With keys of both kinds these do to the carried ones what they would do without the others. */
const harmlessMixed = new Set(['del', 'unlink', 'touch'])

const beat = { kind: 'beat' } as const
const skip = { kind: 'skip' } as const

/**
 * Decides for each command of a stream whether it is carried, by its keys, as the snapshot's keys were.
 *
 * Where the keys are is asked of the target: COMMAND once, COMMAND GETKEYS for commands whose words say it themselves.
 */
export class StreamFilter {
  readonly #pipe: RespPipe
  readonly #target: RedisEndpoint
  readonly #policy: CarryPolicy
  readonly #commands: ReadonlyMap<string, KeyWords | null>

  private constructor(
    pipe: RespPipe,
    target: RedisEndpoint,
    policy: CarryPolicy,
    commands: ReadonlyMap<string, KeyWords | null>,
  ) {
    this.#pipe = pipe
    this.#target = target
    this.#policy = policy
    this.#commands = commands
  }

  /** `pipe`: a connection to the target that is used for nothing else meanwhile. Faults: REDIS_FORBIDDEN. */
  static async open(pipe: RespPipe, target: RedisEndpoint, policy: CarryPolicy): Promise<StreamFilter> {
    const table = await demand(pipe, target, 'target', 'COMMAND')
    if (!Array.isArray(table)) {
      throw fault('REDIS_FORBIDDEN', { side: 'target', address: describeEndpoint(target), command: 'COMMAND' })
    }
    const commands = new Map(table.flatMap((entry: Reply) => keyWordsOf(entry)))
    return new StreamFilter(pipe, target, policy, commands)
  }

  /** The command's name if the target knows it: what may be shown of it. */
  nameFor(command: StreamCommand): string {
    return this.#commands.has(command.name) ? command.name.toUpperCase() : 'a command that the target does not know'
  }

  /** Decides at once, unless the target has to be asked for the keys. */
  decide(command: StreamCommand): Decision | Promise<Decision> {
    const { name, words } = command
    if (name === 'ping' || name === 'replconf') return beat
    if (name === 'select') return { kind: 'select', database: Number(words[1]?.toString('latin1')) }
    if (besidesData.has(name)) return skip
    if (ofWholeDatabases.has(name)) return { kind: 'impossible', why: 'it empties or exchanges whole databases' }
    const places = this.#commands.get(name)
    return places === undefined || places === null
      ? this.#asked(command)
      : this.#decideBy(command, keysAt(words, places))
  }

  async #asked(command: StreamCommand): Promise<Decision> {
    const [first = Buffer.alloc(0), ...rest] = command.words
    const keys = await ask(this.#pipe, this.#target, 'target', 'COMMAND', 'GETKEYS', first, ...rest)
    if (keys instanceof ReplyError || !Array.isArray(keys)) {
      return { kind: 'impossible', why: 'the target cannot say which keys it is about' }
    }
    const found = keys.filter((key: Reply) => Buffer.isBuffer(key))
    return this.#decideBy(command, found)
  }

  #decideBy(command: StreamCommand, keys: readonly Buffer[]): Decision {
    const { name, words } = command
    let key: Buffer | undefined
    let carried = 0
    for (const one of keys) {
      if (!this.#policy.carriesKey(one)) continue
      key ??= one
      carried++
    }
    if (key === undefined) return skip
    if (namesAnotherDatabase(command)) return { kind: 'impossible', why: 'it names another database' }
    if (carried === keys.length || harmlessMixed.has(name)) return { kind: 'apply', bytes: command.bytes, key }
    if (name === 'mset') return { kind: 'apply', bytes: carriedPairs(words, this.#policy), key }
    return { kind: 'impossible', why: 'it is about keys that are carried and keys that are left behind' }
  }
}

function keysAt(words: readonly Buffer[], { first, last, step }: KeyWords): readonly Buffer[] {
  const end = last < 0 ? words.length + last : last
  if (first === end) return words.slice(first, first + 1)
  return words.filter((_, i) => i >= first && i <= end && (i - first) % step === 0)
}

/** An entry of COMMAND: name, arity, flags, first, last, step, … Source: the Redis manual, COMMAND. */
function keyWordsOf(entry: Reply): readonly (readonly [string, KeyWords | null])[] {
  if (!Array.isArray(entry)) return []
  const [name, , flags, first, last, step] = entry
  if (!Buffer.isBuffer(name) || !Array.isArray(flags)) return []
  const plain =
    typeof first === 'number' && typeof last === 'number' && typeof step === 'number' && first > 0 && step > 0
  const moves = flags.some((flag: Reply) => flag === 'movablekeys')
  return [[name.toString('latin1').toLowerCase(), plain && !moves ? { first, last, step } : null]]
}

function namesAnotherDatabase({ name, words }: StreamCommand): boolean {
  return name === 'move' || (name === 'copy' && words.slice(3).some((word) => /^db$/i.test(word.toString('latin1'))))
}

function carriedPairs(words: readonly Buffer[], policy: CarryPolicy): Buffer {
  const carried = words.filter((_, i) => {
    const key = words[i % 2 === 1 ? i : i - 1]
    return i === 0 || (key !== undefined && policy.carriesKey(key))
  })
  const parts = carried.flatMap((word) => [Buffer.from(`$${word.length}\r\n`), word, Buffer.from('\r\n')])
  return Buffer.concat([Buffer.from(`*${carried.length}\r\n`), ...parts])
}
