import { readdirSync, readFileSync } from 'node:fs'

/** A process as `/proc` tells of it: an id may be given to another one, an id with its start may not. */
interface Seen {
  readonly pid: number
  readonly startedAt: string
}

/** What a process and all that it has started were seen to be. Linux only. */
export class ProcessTree {
  readonly #root: number
  readonly #seen = new Map<string, Seen>()
  readonly #commandLines = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(root: number) {
    this.#root = root
  }

  /** Looks every `everyMs`, until `stop`. */
  start(everyMs: number): void {
    this.#timer = setInterval(() => this.look(), everyMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Every command line that any of them was seen with, arguments separated by spaces. */
  get commandLines(): ReadonlySet<string> {
    return this.#commandLines
  }

  /** The processes that are there now. */
  look(): readonly { readonly pid: number; readonly commandLine: string }[] {
    const all = processes()
    const family = new Set([this.#root])
    // Parents have smaller ids nearly always; two rounds find those that have not.
    for (let round = 0; round < 2; round++) {
      for (const { pid, parent } of all) if (family.has(parent)) family.add(pid)
    }
    return all.flatMap(({ pid, startedAt }) => {
      if (!family.has(pid)) return []
      this.#seen.set(`${pid} ${startedAt}`, { pid, startedAt })
      const commandLine = textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
      if (commandLine !== '') this.#commandLines.add(commandLine)
      return [{ pid, commandLine }]
    })
  }

  /** Those that were ever seen and are still there, by command line. */
  left(): readonly string[] {
    const now = new Set(processes().map(({ pid, startedAt }) => `${pid} ${startedAt}`))
    return [...this.#seen]
      .filter(([key]) => now.has(key))
      .map(([, { pid }]) => textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' '))
  }
}

/** The environment that a process was started with. */
export function environmentOf(pid: number): ReadonlyMap<string, string> {
  const entries = textOf(`/proc/${pid}/environ`)
    .split('\0')
    .filter((entry) => entry.includes('='))
  return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]))
}

function processes(): readonly (Seen & { readonly parent: number })[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      // What follows the program's name, which may hold anything: state, parent, … and, as the 20th, the start.
      const fields = textOf(`/proc/${name}/stat`).split(') ').at(-1)?.split(' ') ?? []
      const [state, parent] = fields
      const startedAt = fields[19]
      // One that has ended and was not collected yet is none.
      if (parent === undefined || startedAt === undefined || state === 'Z') return []
      return [{ pid: Number(name), parent: Number(parent), startedAt }]
    })
}

/** Empty for a process that has just gone. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
