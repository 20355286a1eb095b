import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { SpoolLock } from './spool-lock.ts'

const prefix = 'threeshift-redis-'
const lockPrefix = 'lock-'
const manifestName = 'manifest.json'
const retries = 10

/** What a spool holds, once its snapshot is whole. */
export interface SpoolManifest {
  /** The snapshot's digest. */
  readonly snapshot: string
  readonly exact: boolean
  readonly notes: readonly string[]
  /** Where the commands after the snapshot begin; null when it was read key by key. `offset` is decimal. */
  readonly place: { readonly replid: string; readonly offset: string } | null
  /** Tells whether the machine has been started anew since; empty where nobody says. */
  readonly boot: string
}

/**
 * The folder that a copy from a live server spools into: named after source and target, so that the next run finds it;
 * for this user alone, and for one process at a time.
 *
 * A folder without manifest is the rest of a run that was killed while it spooled.
 */
export class SpoolFolder {
  readonly path: string
  readonly #lock: SpoolLock

  private constructor(path: string, lock: SpoolLock) {
    this.path = path
    this.#lock = lock
  }

  /**
   * Takes the folder of this source and target, with what it holds if that is one of `wanted` snapshots, and emptied
   * otherwise. The target may have got another address since: a folder of the same source with a wanted snapshot is
   * taken instead.
   *
   * Faults: REDIS_SPOOL_IN_USE, REDIS_SPOOL_FAILED.
   */
  static take(parent: string, source: RedisEndpoint, target: RedisEndpoint, wanted: ReadonlySet<string>): SpoolFolder {
    const ofSource = `${prefix}${hashOf(source)}-`
    const own = SpoolFolder.#lockAt(join(parent, `${ofSource}${hashOf(target)}`))
    if (own.#isOneOf(wanted)) return own
    const other = readdirSync(parent)
      .filter((name) => name.startsWith(ofSource))
      .map((name) => join(parent, name))
      .find((path) => path !== own.path && wanted.has(readManifest(path)?.snapshot ?? ''))
    if (other === undefined) {
      own.#empty()
      return own
    }
    own.remove()
    const found = SpoolFolder.#lockAt(other)
    if (!found.#isOneOf(wanted)) found.#empty()
    return found
  }

  static #lockAt(path: string): SpoolFolder {
    try {
      for (let n = 0; ; n++) {
        makePrivate(path)
        try {
          const lock = SpoolLock.take(path)
          if (lock instanceof SpoolLock) return new SpoolFolder(path, lock)
          throw fault('REDIS_SPOOL_IN_USE', { folder: path, pid: lock.heldBy })
        } catch (error) {
          // Whoever had it has just ended and removed it.
          if (errnoOf(error) !== 'ENOENT' || n === retries) throw error
        }
      }
    } catch (error) {
      throw spoolFault(path, error)
    }
  }

  get manifest(): SpoolManifest | null {
    return readManifest(this.path)
  }

  /** Bytes on disk. */
  get bytes(): number {
    return readdirSync(this.path).reduce((sum, name) => sum + statSync(join(this.path, name)).size, 0)
  }

  file(name: string): string {
    return join(this.path, name)
  }

  /** Whole or not at all, also after a power cut. Errors of the file system as they are. */
  writeManifest(manifest: SpoolManifest): void {
    const draft = this.file('manifest.draft')
    const fd = openSync(draft, 'w', 0o600)
    try {
      writeFileSync(fd, JSON.stringify({ version: 1, ...manifest }))
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, this.file(manifestName))
    const folder = openSync(this.path, 'r')
    fsyncSync(folder)
    closeSync(folder)
  }

  /** Leaves it for the next run. */
  release(): void {
    this.#lock.release()
  }

  remove(): void {
    this.#empty()
    this.#lock.release()
    try {
      rmdirSync(this.path)
    } catch {
      // Somebody else has taken it in this moment: it is theirs.
    }
  }

  #isOneOf(wanted: ReadonlySet<string>): boolean {
    return wanted.has(this.manifest?.snapshot ?? '')
  }

  #empty(): void {
    // The manifest first: what is half removed is not whole.
    rmSync(this.file(manifestName), { force: true })
    for (const name of readdirSync(this.path)) {
      if (!name.startsWith(lockPrefix)) rmSync(join(this.path, name), { recursive: true, force: true })
    }
  }
}

/** A file system's error while spooling, as a fault; a fault stays what it is. */
export function spoolFault(folder: string, error: unknown): unknown {
  const reason = errnoOf(error)
  return reason === 'unknown' || !isSystemError(error) ? error : fault('REDIS_SPOOL_FAILED', { folder, reason }, error)
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** Which start of the machine this is. Source: `proc(5)`. */
export function bootOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return ''
  }
}

function makePrivate(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  const { uid, mode } = lstatSync(path)
  const isMine = process.getuid === undefined || uid === process.getuid()
  if (lstatSync(path).isDirectory() && isMine && (mode & 0o077) === 0) return
  throw fault('REDIS_SPOOL_FAILED', {
    folder: path,
    reason: 'it is there already, and not a folder of this user alone',
  })
}

function hashOf(endpoint: RedisEndpoint): string {
  const name = `${describeEndpoint(endpoint)} ${endpoint.sentinel?.master ?? ''}`
  return createHash('sha256').update(name).digest('hex').slice(0, 16)
}

/** Null for what is none of ours, whatever it is. */
function readManifest(folder: string): SpoolManifest | null {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(join(folder, manifestName), 'utf8'))
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  // Every field is looked at before it is believed.
  const { version, snapshot, exact, notes, place, boot } = value as Record<string, unknown>
  if (version !== 1 || typeof snapshot !== 'string' || typeof exact !== 'boolean' || typeof boot !== 'string')
    return null
  if (!Array.isArray(notes) || !notes.every((note) => typeof note === 'string')) return null
  if (place === null) return { snapshot, exact, notes, place, boot }
  if (typeof place !== 'object') return null
  const { replid, offset } = place as Record<string, unknown>
  if (typeof replid !== 'string' || typeof offset !== 'string' || !/^\d{1,19}$/.test(offset)) return null
  return { snapshot, exact, notes, place: { replid, offset }, boot }
}
