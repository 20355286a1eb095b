import { closeSync, fstatSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const prefix = 'stream-'
const segmentBytes = 64 * 1024 ** 2

interface Segment {
  readonly start: number
  readonly fd: number
}

/**
 * The commands that a source has sent after its snapshot, byte by byte, in files of a folder: written at the end, read
 * anywhere, given up from the beginning.
 *
 * Positions are bytes since the snapshot. Several files, so that those whose commands are in the target can go; each is
 * named by its first position. What was appended is there after a kill, for the system has it; not after a power cut.
 * Errors are the file system's, as they are.
 */
export class StreamSpool {
  readonly #folder: string
  readonly #segmentBytes: number
  readonly #segments: Segment[] = []
  #end = 0

  /** Takes up what the folder holds. */
  constructor(folder: string, maxSegmentBytes = segmentBytes) {
    this.#folder = folder
    this.#segmentBytes = maxSegmentBytes
    for (const start of startsIn(folder)) {
      const fd = openSync(this.#fileOf(start), 'r+')
      this.#segments.push({ start, fd })
      const end = start + fstatSync(fd).size
      if (this.#segments.length > 1 && start !== this.#end)
        throw new Error('bug: a file of the spooled stream is missing')
      this.#end = end
    }
  }

  /** The position after the last byte. */
  get end(): number {
    return this.#end
  }

  /** The position of the first byte that is still there. */
  get start(): number {
    return this.#segments[0]?.start ?? this.#end
  }

  append(bytes: Buffer): void {
    let last = this.#segments.at(-1)
    if (last === undefined || this.#end - last.start >= this.#segmentBytes) last = this.#begin(this.#end)
    for (let at = 0; at < bytes.length; ) {
      const written = writeSync(last.fd, bytes, at, bytes.length - at, this.#end - last.start)
      at += written
      this.#end += written
    }
  }

  /** Fills `into` from its start with what stands at `position`; gives the count, 0 at the end. */
  read(into: Buffer, position: number): number {
    const at = this.#segments.findLastIndex((segment) => segment.start <= position)
    const segment = this.#segments[at]
    if (segment === undefined || position >= this.#end) return 0
    const end = this.#segments[at + 1]?.start ?? this.#end
    return readSync(segment.fd, into, 0, Math.min(into.length, end - position), position - segment.start)
  }

  /** Gives up the files that hold nothing at or after `position`. */
  dropBefore(position: number): void {
    while ((this.#segments[1]?.start ?? Infinity) <= position) this.#drop()
  }

  /** Forgets everything: the next byte that is appended is the one at `position`. */
  restartAt(position: number): void {
    while (this.#segments.length > 0) this.#drop()
    this.#end = position
    this.#begin(position)
  }

  close(): void {
    for (const { fd } of this.#segments.splice(0)) closeSync(fd)
  }

  #begin(start: number): Segment {
    const segment = { start, fd: openSync(this.#fileOf(start), 'w+', 0o600) }
    this.#segments.push(segment)
    return segment
  }

  #drop(): void {
    const segment = this.#segments.shift()
    if (segment === undefined) return
    closeSync(segment.fd)
    rmSync(this.#fileOf(segment.start), { force: true })
  }

  #fileOf(start: number): string {
    return join(this.#folder, `${prefix}${String(start).padStart(16, '0')}`)
  }
}

function startsIn(folder: string): readonly number[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b)
}
