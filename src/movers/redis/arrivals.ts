import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

const everyMs = 100
const markBytes = 16

/**
 * When which part of a stream has come, to a tenth of a second, kept in a file for the next run.
 *
 * A mark is a position and the time (epoch milliseconds) at which the byte there came; two doubles each in the file.
 */
export class Arrivals {
  readonly #fd: number
  readonly #positions: number[] = []
  readonly #times: number[] = []

  /** Takes up what the file holds. Errors of the file system as they are. */
  constructor(file: string) {
    this.#fd = openSync(file, 'a+', 0o600)
    const bytes = readFileSync(file)
    for (let at = 0; at + markBytes <= bytes.length; at += markBytes) {
      this.#forgetFrom(bytes.readDoubleLE(at))
      this.#positions.push(bytes.readDoubleLE(at))
      this.#times.push(bytes.readDoubleLE(at + 8))
    }
  }

  /** What begins at `position` comes now. What began there or after it before is forgotten. */
  note(position: number, nowMs: number): void {
    const forgot = this.#forgetFrom(position)
    const last = this.#times.at(-1)
    if (!forgot && last !== undefined && nowMs >= last && nowMs - last < everyMs) return
    this.#positions.push(position)
    this.#times.push(nowMs)
    const mark = Buffer.alloc(markBytes)
    mark.writeDoubleLE(position)
    mark.writeDoubleLE(nowMs, 8)
    writeSync(this.#fd, mark)
  }

  /** When the byte at `position` came; null when nobody knows. */
  at(position: number): number | null {
    let [low, high] = [0, this.#positions.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#positions[middle] ?? 0) <= position) low = middle + 1
      else high = middle
    }
    return this.#times[low - 1] ?? null
  }

  close(): void {
    closeSync(this.#fd)
  }

  #forgetFrom(position: number): boolean {
    const before = this.#positions.length
    while ((this.#positions.at(-1) ?? -1) >= position) {
      this.#positions.pop()
      this.#times.pop()
    }
    return this.#positions.length < before
  }
}
