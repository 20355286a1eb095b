import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const prefix = 'lock-'

/** A process of this machine, as far as another can tell it from a later one of the same number. */
interface Owner {
  readonly pid: number
  /** When it began, in ticks since the machine did; null where the system does not say. */
  readonly started: string | null
}

/**
 * Keeps two processes out of one folder.
 *
 * Locks are numbered files, each whole from its first moment (a link); the highest number counts. Who finds that its
 * owner lives no more makes the next one, which only one can. So a kill leaves nothing that a person has to remove, and
 * two who find the same dead owner do not both get in. Works among processes that see each other: one machine, or one
 * container.
 */
export class SpoolLock {
  readonly #file: string

  private constructor(file: string) {
    this.#file = file
  }

  /** Out: the lock, or the number of the process that holds it. Errors of the file system as they are. */
  static take(folder: string): SpoolLock | { readonly heldBy: number } {
    const draft = join(folder, `draft-${process.pid}`)
    writeFileSync(draft, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }), { mode: 0o600 })
    try {
      for (;;) {
        const highest = locksIn(folder).at(-1) ?? 0
        const owner = highest === 0 ? null : ownerOf(join(folder, nameOf(highest)))
        if (owner !== null && lives(owner)) return { heldBy: owner.pid }
        const file = join(folder, nameOf(highest + 1))
        if (!linked(draft, file)) continue
        // Somebody was quicker by one, and has removed the one that was seen here.
        if ((locksIn(folder).at(-1) ?? 0) > highest + 1) {
          rmSync(file, { force: true })
          continue
        }
        for (const lower of locksIn(folder).filter((n) => n <= highest))
          rmSync(join(folder, nameOf(lower)), { force: true })
        return new SpoolLock(file)
      }
    } finally {
      rmSync(draft, { force: true })
    }
  }

  release(): void {
    rmSync(this.#file, { force: true })
  }
}

function nameOf(n: number): string {
  return `${prefix}${n}`
}

function locksIn(folder: string): readonly number[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter((n) => Number.isSafeInteger(n) && n > 0)
    .sort((a, b) => a - b)
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Null when the lock is gone, or is none of ours. */
function ownerOf(file: string): Owner | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value !== 'object' || value === null) return null
    // Both fields are looked at before they are believed.
    const { pid, started } = value as Record<string, unknown>
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return null
    return { pid, started: typeof started === 'string' ? started : null }
  } catch {
    return null
  }
}

function lives(owner: Owner): boolean {
  const started = startOf(owner.pid)
  if (started !== null && owner.started !== null) return started === owner.started
  try {
    process.kill(owner.pid, 0)
    return true
  } catch (error) {
    // It lives, and is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * When a process began; null where nobody says, or when there is none. One that has ended and was not yet fetched has
 * begun at no time that another can have. Source: `proc(5)`, stat, fields 3 and 22.
 */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in brackets, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? null)
  } catch {
    return null
  }
}
