import { appendFileSync } from 'node:fs'
import type { EpochMs } from '../../base/clock.ts'

/** A request as it is remembered, as an audit log does: its address, never what it carried or was answered with. */
export interface JournalEntry {
  readonly at: EpochMs
  readonly user: string
  readonly verb: string
  /** With subresource, without group; a path for what is no resource. */
  readonly resource: string
  readonly group?: string
  readonly namespace?: string
  readonly name?: string
  /** Of an exec: it stands in the address. */
  readonly command?: readonly string[]
  /** The HTTP code of the answer; 0 when there was none. */
  readonly code: number
  /** The kind of the scripted fault that it met. */
  readonly fault?: string
}

/** All requests to a cluster since it was started, and in its file those before. */
export class RequestJournal {
  readonly #file: string | undefined
  readonly #entries: JournalEntry[] = []

  /** `file`: JSON lines, appended; absent: in memory only. */
  constructor(file?: string) {
    this.#file = file
  }

  add(entry: JournalEntry): void {
    this.#entries.push(entry)
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(entry)}\n`, { mode: 0o600 })
  }

  entries(): readonly JournalEntry[] {
    return this.#entries
  }
}
