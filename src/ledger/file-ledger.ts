import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Ledger, LedgerEntry, MadeThing } from '../ports/ledger.ts'
import { fault } from './faults.ts'
import { type LedgerLine, parseLedgerLine } from './ledger-line.ts'

/**
 * A ledger in a file: one JSON object a line, only ever added to, on the disk before a promise is kept.
 *
 * One process at a time writes it; reading goes on beside that. A last line that was cut off by a crash was never
 * promised, and is dropped by the next write.
 *
 * Faults: LEDGER_UNREADABLE, LEDGER_FILE_FAILED.
 */
export function fileLedger(file: string, clock: Clock): Ledger {
  // Writes follow one another: each decides by what the earlier ones have left.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = last.then(work)
    // Whoever called gets the failure; the next in turn does not.
    last = turn.catch(() => undefined)
    return turn
  }
  const find = async (thing: MadeThing) => (await readEntries(file)).get(keyOf(thing))
  return {
    intend: (thing, making, details = {}) =>
      inTurn(async () => {
        const known = await find(thing)
        if (known !== undefined && known.state !== 'gone') return
        await append(file, { state: 'intended', thing, making, id: null, details, atMs: clock.now() })
      }),
    confirm: (thing, id, details = {}) =>
      inTurn(async () => {
        const known = await find(thing)
        if (known === undefined) throw new Error(`bug: ${thing.kind} ${thing.name} was made before it was intended`)
        const after = {
          ...known,
          state: 'made' as const,
          id: id ?? known.id,
          details: { ...known.details, ...details },
        }
        if (known.state === 'made' && isSame(known, after)) return
        await append(file, { ...after, atMs: clock.now() })
      }),
    markGone: (thing) =>
      inTurn(async () => {
        const known = await find(thing)
        if (known === undefined || known.state === 'gone') return
        await append(file, { ...known, state: 'gone', atMs: clock.now() })
      }),
    list: async () => [...(await readEntries(file)).values()],
  }
}

function keyOf({ kind, place, name }: MadeThing): string {
  return JSON.stringify([place, kind, name])
}

function isSame(one: LedgerEntry, other: LedgerEntry): boolean {
  const names = new Set([...Object.keys(one.details), ...Object.keys(other.details)])
  return one.id === other.id && [...names].every((name) => one.details[name] === other.details[name])
}

/** A thing that is intended again after it was gone keeps its place in the order. */
async function readEntries(file: string): Promise<Map<string, LedgerEntry>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw fault('LEDGER_FILE_FAILED', { file, reason: error.code ?? 'unknown' }, error)
  })
  const entries = new Map<string, LedgerEntry>()
  const lines = text.split('\n')
  // What stands after the last line end was cut off.
  for (const [at, line] of lines.slice(0, -1).entries()) {
    const entry = parseLedgerLine(line)
    if (entry === null) throw fault('LEDGER_UNREADABLE', { file, line: at + 1 })
    entries.set(keyOf(entry.thing), entry)
  }
  return entries
}

async function append(file: string, line: LedgerLine): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    const handle = await open(file, 'a+', 0o600)
    try {
      const { size } = await handle.stat()
      const whole = await wholeBytes(handle, size)
      if (whole < size) await handle.truncate(whole)
      await handle.appendFile(`${JSON.stringify(line)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    // Node's errors of files have a code.
    throw fault('LEDGER_FILE_FAILED', { file, reason: (error as NodeJS.ErrnoException).code ?? 'unknown' }, error)
  }
}

/** How many bytes end with the last line end. */
async function wholeBytes(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<number> {
  if (size === 0) return 0
  const { buffer } = await handle.read(Buffer.alloc(size), 0, size, 0)
  return buffer.lastIndexOf(0x0a) + 1
}
