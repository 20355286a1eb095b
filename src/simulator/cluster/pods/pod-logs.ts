import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../../base/clock.ts'

export interface LogFilter {
  readonly tailLines?: number
  readonly sinceMs?: number
  readonly timestamps: boolean
  readonly previous: boolean
}

type Listener = (line: string) => void

/** The logs of a cluster's containers, a file each: lines, every one after its time. */
export class PodLogs {
  readonly #folder: string
  readonly #clock: Clock
  readonly #listeners = new Map<string, Set<Listener>>()

  /** `folder`: holds a folder for each pod, by uid. */
  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
  }

  append(uid: string, container: string, text: string): void {
    const file = this.#file(uid, container)
    mkdirSync(join(this.#folder, uid), { recursive: true, mode: 0o700 })
    const at = new Date(this.#clock.now()).toISOString()
    const lines = text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => `${at} ${line}`)
    appendFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 })
    for (const line of lines) for (const listener of this.#listeners.get(file) ?? []) listener(line)
  }

  /** What is there becomes the log of the previous container. */
  restart(uid: string, container: string): void {
    const file = this.#file(uid, container)
    if (existsSync(file)) renameSync(file, `${file}.previous`)
  }

  read(uid: string, container: string, filter: LogFilter): readonly string[] {
    const file = this.#file(uid, container) + (filter.previous ? '.previous' : '')
    if (!existsSync(file)) return []
    const all = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    const since = filter.sinceMs === undefined ? 0 : this.#clock.now() - filter.sinceMs
    const recent = filter.sinceMs === undefined ? all : all.filter((line) => Date.parse(line.slice(0, 24)) >= since)
    const { tailLines } = filter
    const last = tailLines === undefined ? recent : tailLines === 0 ? [] : recent.slice(-tailLines)
    return last.map((line) => this.shown(line, filter))
  }

  /** Calls `onLine` for every line from now on. Out: ends it. */
  follow(uid: string, container: string, filter: LogFilter, onLine: Listener): () => void {
    const file = this.#file(uid, container)
    const listeners = this.#listeners.get(file) ?? new Set()
    this.#listeners.set(file, listeners)
    const listener = (line: string): void => onLine(this.shown(line, filter))
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(file)
    }
  }

  shown(line: string, filter: LogFilter): string {
    return filter.timestamps ? line : line.slice(line.indexOf(' ') + 1)
  }

  #file(uid: string, container: string): string {
    return join(this.#folder, uid, `${container}.log`)
  }
}
