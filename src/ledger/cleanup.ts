import type { Clock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import type { CleanedEntry, Cleanup, CleanupReport, CleanupRequest, Removal } from '../ports/cleanup.ts'
import type { Ledger, LedgerEntry } from '../ports/ledger.ts'
import { fault } from './faults.ts'
import { fileLedger } from './file-ledger.ts'

export type RemovalOf = (place: string, ledger: Ledger) => Promise<Removal | null>

/**
 * Tears down what a ledger lists.
 *
 * In: what can remove things of a place, or null for a kind of place that nobody knows; it is asked for once a place.
 */
export function ledgerCleanup(clock: Clock, removalOf: RemovalOf): Cleanup {
  return { run: (request) => run(request, fileLedger(request.ledger, clock), clock, removalOf) }
}

async function run(
  request: CleanupRequest,
  ledger: Ledger,
  clock: Clock,
  removalOf: RemovalOf,
): Promise<CleanupReport> {
  const present = (await ledger.list()).filter((entry) => entry.state !== 'gone')
  const places = [...new Set(present.map((entry) => entry.thing.place))]
  const entries: CleanedEntry[] = []
  for (const place of places) {
    const here = present.filter((entry) => entry.thing.place === place)
    const spared = here.map((entry) => ({ entry, why: reasonToSpare(entry, request, clock) }))
    for (const { entry, why } of spared) if (why !== null) entries.push({ entry, kind: why })
    const going = spared.filter(({ why }) => why === null).map(({ entry }) => entry)
    if (going.length > 0) entries.push(...(await clear(place, going, request, ledger, removalOf)))
  }
  return { verdict: verdictOf(entries), entries }
}

async function clear(
  place: string,
  going: readonly LedgerEntry[],
  request: CleanupRequest,
  ledger: Ledger,
  removalOf: RemovalOf,
): Promise<CleanedEntry[]> {
  const removal = await removalOf(place, ledger)
  const rank = ({ thing }: LedgerEntry) => removal?.order.indexOf(thing.kind) ?? -1
  // Of one kind, what was made last goes first.
  const inOrder = going.toReversed().toSorted((one, other) => rank(one) - rank(other))
  const cleaned: CleanedEntry[] = []
  for (const entry of inOrder) {
    request.signal.throwIfAborted()
    try {
      if (removal === null || rank(entry) < 0) throw fault('LEDGER_UNKNOWN_KIND', { kind: entry.thing.kind, place })
      cleaned.push(await clearOne(entry, removal, request, ledger))
    } catch (error) {
      request.signal.throwIfAborted()
      cleaned.push(failed(entry, error))
    }
  }
  return cleaned
}

async function clearOne(
  entry: LedgerEntry,
  removal: Removal,
  { dryRun, onProgress, signal }: CleanupRequest,
  ledger: Ledger,
): Promise<CleanedEntry> {
  if (dryRun) {
    const seen = await removal.look(entry, { signal })
    const kinds = { gone: 'was-gone', ours: 'would-remove', 'not-ours': 'refused' } as const
    return { entry, kind: kinds[seen] }
  }
  const outcome = await removal.remove(entry, { signal, onProgress })
  if (outcome.kind !== 'refused') await ledger.markGone(entry.thing)
  return { entry, ...outcome }
}

function reasonToSpare(
  { making }: LedgerEntry,
  { safetyCopiesToo }: CleanupRequest,
  clock: Clock,
): 'kept' | 'safety-copy' | null {
  if (making.upkeep === 'keep') return 'kept'
  const needed = making.upkeep === 'safety' && !safetyCopiesToo && making.expiresAtMs > clock.now()
  return needed ? 'safety-copy' : null
}

function failed(entry: LedgerEntry, error: unknown): CleanedEntry {
  if (!(error instanceof Fault)) throw error
  return { entry, kind: 'failed', code: error.code, message: error.message, remedy: error.remedy }
}

function verdictOf(entries: readonly CleanedEntry[]): CleanupReport['verdict'] {
  if (entries.some(({ kind }) => kind === 'failed')) return 'failed'
  return entries.some(({ kind }) => kind === 'refused' || kind === 'would-remove') ? 'left' : 'clean'
}
