import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { KubeObject } from './kube-object.ts'

/** A line of the file: an object as it became, or the key of one that is gone, and the version of that change. */
export type Line =
  | { readonly version: number; readonly resource: string; readonly object: KubeObject }
  | { readonly version: number; readonly resource: string; readonly gone: string }

/** Rewritten when this many bytes were added, and at least as many as the live objects took. */
const rewriteAfterBytes = 16 * 1024 * 1024

/**
 * Keeps a cluster's objects over the end of its process, even by SIGKILL: every change is one line that is with the
 * system before the change is answered. A last line that was cut off was never answered, and is dropped.
 *
 * Readable by its owner only, for it holds secrets. What a power cut does to it is not looked after.
 */
export class ObjectFile {
  readonly #path: string
  #descriptor: number
  #addedBytes = 0
  #liveBytes = 0

  private constructor(path: string, descriptor: number) {
    this.#path = path
    this.#descriptor = descriptor
  }

  /** Opens it and gives its lines to `onLine`, in order. Made when missing, and its folder with it. */
  static open(path: string, onLine: (line: Line) => void): ObjectFile {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    for (const line of whole.split('\n')) {
      // Nobody but this class writes the file.
      if (line !== '') onLine(JSON.parse(line) as Line)
    }
    const descriptor = openSync(path, 'a', 0o600)
    if (whole.length < text.length) ftruncateSync(descriptor, Buffer.byteLength(whole))
    const file = new ObjectFile(path, descriptor)
    // Which of its lines are still live is found out by the next rewriting.
    file.#addedBytes = whole.length
    return file
  }

  append(lines: readonly Line[]): void {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    writeAll(this.#descriptor, text)
    this.#addedBytes += text.length
  }

  /** Whether `rewrite` would make the file much smaller. */
  isLong(): boolean {
    return this.#addedBytes > Math.max(rewriteAfterBytes, this.#liveBytes)
  }

  /** Replaces the file by these lines, all or nothing. */
  rewrite(lines: Iterable<Line>): void {
    const staging = `${this.#path}.new`
    rmSync(staging, { force: true })
    const descriptor = openSync(staging, 'a', 0o600)
    let bytes = 0
    for (const line of lines) {
      const text = `${JSON.stringify(line)}\n`
      writeAll(descriptor, text)
      bytes += text.length
    }
    renameSync(staging, this.#path)
    closeSync(this.#descriptor)
    this.#descriptor = descriptor
    this.#liveBytes = bytes
    this.#addedBytes = 0
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
}
