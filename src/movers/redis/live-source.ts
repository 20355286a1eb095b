import { open } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import type { RedisMoveRequest } from '../../ports/redis.ts'
import { ReplyError } from '../../wire/resp/reply-parser.ts'
import type { ReplicaLink } from '../../wire/resp/replica-link.ts'
import { Arrivals } from './arrivals.ts'
import { fault } from './faults.ts'
import { openSnapshot, type Snapshot } from './snapshot.ts'
import { SourceTail } from './source-tail.ts'
import { bootOf, SpoolFolder, spoolFault, type SpoolManifest } from './spool-folder.ts'
import { spoolLive } from './spool-server.ts'
import { StreamSpool } from './stream-spool.ts'
import { ask, info, openRedis } from './target.ts'
import { readCheckpoint } from './claim-target.ts'

type LiveRequest = Pick<RedisMoveRequest, 'target' | 'databases' | 'followQuietMs' | 'spoolFolder' | 'signal'>

/** Redis has so many databases unless it is told otherwise. */
const usualDatabases = 16

/**
 * What a copy reads of a live server: a snapshot in a spool that outlives a kill, and the commands after it if they are
 * followed.
 */
export class LiveSource {
  readonly snapshot: Snapshot
  /** True when the spool is one that an earlier run of this copy has made. */
  readonly reused: boolean
  readonly #folder: SpoolFolder
  readonly #tail: SourceTail | null
  #tailStarted: boolean

  constructor(folder: SpoolFolder, snapshot: Snapshot, reused: boolean, tail: SourceTail | null) {
    this.#folder = folder
    this.snapshot = snapshot
    this.reused = reused
    this.#tail = tail
    this.#tailStarted = !reused
  }

  /** The commands after the snapshot; null unless they are followed. Of a spool made earlier, `startTail` comes first. */
  get tail(): SourceTail | null {
    return this.#tail
  }

  get folder(): string {
    return this.#folder.path
  }

  get bytes(): number {
    return this.#folder.bytes
  }

  /**
   * Goes on receiving where an earlier run ended. `applied`: the stream's position up to which everything is in the
   * target. After a restart of the machine only that is sure to be on disk, and the rest is asked for again.
   */
  startTail(applied: number): void {
    if (this.#tail === null || this.#tailStarted) return
    const { spool } = this.#tail
    const boot = bootOf()
    const { manifest } = this.#folder
    if (boot === '' || manifest?.boot !== boot || applied < spool.start || applied > spool.end) {
      spool.restartAt(applied)
      if (manifest !== null) this.#folder.writeManifest({ ...manifest, boot })
    }
    this.#tail.start(null)
    this.#tailStarted = true
  }

  /** Ends everything. `keep`: the spool stays, for the next run. */
  async close(keep: boolean): Promise<void> {
    await this.#tail?.close()
    await this.snapshot.close()
    if (keep) this.#folder.release()
    else this.#folder.remove()
  }
}

/**
 * Spools a live server, or takes the spool of an earlier run: if, and only if, the target says that a copy of that very
 * snapshot is there, whole or in part. Any other spool of this source and target is removed.
 *
 * With `followQuietMs` the commands after the snapshot are received from its last byte on. Faults: those of connecting to
 * either side, REDIS_SPOOL_IN_USE, REDIS_SPOOL_FAILED, REDIS_SOURCE_REFUSED, REDIS_FOLLOW_NEEDS_PSYNC. Abort: what was
 * spooled is removed; an earlier run's spool stays.
 */
export async function openLiveSource(endpoint: RedisEndpoint, request: LiveRequest, clock: Clock): Promise<LiveSource> {
  const folder = SpoolFolder.take(request.spoolFolder, endpoint, request.target, await snapshotsIn(request))
  const { manifest } = folder
  try {
    return manifest === null
      ? await spoolAnew(endpoint, folder, request, clock)
      : reuse(endpoint, folder, manifest, request, clock)
  } catch (error) {
    if (manifest === null) folder.remove()
    else folder.release()
    throw error
  }
}

async function spoolAnew(
  endpoint: RedisEndpoint,
  folder: SpoolFolder,
  request: LiveRequest,
  clock: Clock,
): Promise<LiveSource> {
  const { signal, followQuietMs } = request
  const file = folder.file('snapshot.rdb')
  const follows = followQuietMs !== null
  const spooled = await spoolLive(endpoint, file, { spoolFolder: folder.path, signal, clock, scan: !follows })
  const place = spooled.live?.place ?? null
  const named = place === null ? null : { replid: place.replid, offset: String(place.offset) }
  let manifest: SpoolManifest | null = null
  // Before anything that takes time: the source keeps for us what we do not take.
  const renamed = (replid: string) => {
    if (manifest !== null && named !== null) folder.writeManifest({ ...manifest, place: { ...named, replid } })
  }
  const tail = follows ? tailOf(endpoint, folder, named, renamed, request, clock) : null
  startOrClose(tail, spooled.live?.link)
  try {
    await synced(file)
    const snapshot = openSnapshot(file, spooled)
    manifest = { snapshot: snapshot.digest, exact: spooled.exact, notes: spooled.notes, place: named, boot: bootOf() }
    // A fail-over in the meantime has given the replication another name.
    const replid = tail?.placeAt(0).replid
    const current = named === null ? null : { ...named, replid: replid ?? named.replid }
    folder.writeManifest({ ...manifest, place: current })
    return new LiveSource(folder, snapshot, false, tail)
  } catch (error) {
    await tail?.close()
    throw spoolFault(folder.path, error)
  }
}

function startOrClose(tail: SourceTail | null, link: ReplicaLink | undefined): void {
  if (tail !== null && link !== undefined) tail.start(link)
  else link?.close()
}

function reuse(
  endpoint: RedisEndpoint,
  folder: SpoolFolder,
  manifest: SpoolManifest,
  request: LiveRequest,
  clock: Clock,
): LiveSource {
  const snapshot = openSnapshot(folder.file('snapshot.rdb'), manifest)
  const { place } = manifest
  const renamed = (replid: string) => {
    if (place !== null) folder.writeManifest({ ...manifest, place: { ...place, replid }, boot: bootOf() })
  }
  const tail = request.followQuietMs === null ? null : tailOf(endpoint, folder, place, renamed, request, clock)
  return new LiveSource(folder, snapshot, true, tail)
}

/** Faults: REDIS_FOLLOW_NEEDS_PSYNC when the snapshot is not one of a replica. */
function tailOf(
  endpoint: RedisEndpoint,
  folder: SpoolFolder,
  place: SpoolManifest['place'],
  onRenamed: (replid: string) => void,
  request: LiveRequest,
  clock: Clock,
): SourceTail {
  if (place === null) {
    throw fault('REDIS_FOLLOW_NEEDS_PSYNC', { address: describeEndpoint(endpoint), code: 'it was read key by key' })
  }
  return new SourceTail({
    endpoint,
    spool: new StreamSpool(folder.path),
    arrivals: new Arrivals(folder.file('arrivals')),
    folder: folder.path,
    base: { replid: place.replid, offset: BigInt(place.offset) },
    onRenamed,
    signal: request.signal,
    clock,
  })
}

/** What is on its way to the disk is there. Does not hold anything else up. */
async function synced(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Digests of the snapshots of which the target holds a copy, whole or in part, by its checkpoints. */
async function snapshotsIn(request: LiveRequest): Promise<ReadonlySet<string>> {
  const { target, databases, signal } = request
  const pipe = await openRedis(target, 'target', signal)
  try {
    const keyspace = await info(pipe)
    const known = [...keyspace.keys()].flatMap((name) => /^db(\d+)$/.exec(name)?.[1] ?? []).map(Number)
    const guessed = keyspace.size > 0 ? [] : Array.from({ length: usualDatabases }, (_, n) => n)
    const found = new Set<string>()
    for (const database of new Set([target.db, ...databases.values(), ...known, ...guessed])) {
      // A number that the target does not have holds nothing.
      if ((await ask(pipe, target, 'target', 'SELECT', String(database))) instanceof ReplyError) continue
      const checkpoint = await readCheckpoint(pipe, target)
      if (checkpoint !== null) found.add(checkpoint.snapshot)
      for (const name of checkpoint?.merged ?? []) found.add(name.split(' ').at(-1) ?? name)
    }
    return found
  } finally {
    pipe.close()
  }
}
