import type { RedisMoveRequest } from '../../ports/redis.ts'
import { classify, type KeyFamily, keyFamilies } from '../../threescale/backend-keys.ts'
import type { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import { checkpointKey } from './checkpoint.ts'
import { fault } from './faults.ts'

const own = Buffer.from(checkpointKey)

/** Which keys are carried, and into which database. */
export class CarryPolicy {
  readonly #all: boolean
  readonly #queuesOnly: boolean
  readonly #databases: ReadonlyMap<number, number>

  constructor(request: Pick<RedisMoveRequest, 'carry' | 'mode' | 'databases'>) {
    this.#all = request.carry === 'all'
    this.#queuesOnly = request.mode === 'requeue'
    this.#databases = request.databases
  }

  familyOf(reader: RdbReader): KeyFamily {
    return classify(reader.keyBytes, reader.keyStart, reader.keyEnd)
  }

  /** Whether the reader's entry is carried. A checkpoint of ours that an earlier merge left in the source never is. */
  carriesEntry(reader: RdbReader, family: KeyFamily): boolean {
    return this.#carriesKey(reader.keyBytes, reader.keyStart, reader.keyEnd, family)
  }

  /** As `carriesEntry`, for a key that a command names. */
  carriesKey(key: Buffer): boolean {
    return this.#carriesKey(key, 0, key.length, classify(key, 0, key.length))
  }

  #carriesKey(bytes: Buffer, start: number, end: number, family: KeyFamily): boolean {
    if (!this.carries(family)) return false
    return family.class !== 'unknown' || own.compare(bytes, start, end) !== 0
  }

  carries(family: KeyFamily): boolean {
    if (this.#queuesOnly) return family.handling === 'append'
    return this.#all || family.handling !== 'skip'
  }

  databaseFor(database: number): number {
    return this.#databases.get(database) ?? database
  }

  /** Faults: REDIS_MAP_COLLISION when two databases would become one. */
  refuseCollisions(databases: Iterable<number>): void {
    const taken = new Map<number, number>()
    for (const database of databases) {
      const target = this.databaseFor(database)
      const other = taken.get(target)
      if (other !== undefined) throw fault('REDIS_MAP_COLLISION', { first: other, second: database, target })
      taken.set(target, database)
    }
  }
}

/** Keys counted per family, for reports. */
export class FamilyCounts {
  readonly #counts = new Float64Array(keyFamilies.length)

  add(family: KeyFamily): void {
    this.#counts[family.index] = (this.#counts[family.index] ?? 0) + 1
  }

  get total(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0)
  }

  list(): readonly { readonly name: string; readonly keys: number }[] {
    return keyFamilies.flatMap(({ index, name }) => {
      const keys = this.#counts[index] ?? 0
      return keys === 0 ? [] : [{ name, keys }]
    })
  }
}
