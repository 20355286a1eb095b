import type { EpochMs } from '../base/clock.ts'
import { parseDurationMs } from '../model/duration.ts'
import type { JournalRecord, KeyHolder, KeyId } from '../model/evidence.ts'
import type { Plan } from '../model/plan.ts'
import { memberList, memberNumber, memberObject, memberText } from './members.ts'
import { readVerbs, type VerbLine } from './verb-lines.ts'

/** A person's doing, with the reason that was required. */
export interface DeedLine {
  readonly kind: string
  readonly row: string | null
  readonly party: KeyHolder
  readonly name: string
  readonly at: EpochMs
  readonly reason: string
  /** Of what was shown; null for what nobody was shown anything for. */
  readonly digest: string | null
}

export interface MeasuredLine {
  readonly row: string
  readonly what: string
  readonly expected: string
  readonly found: string
  readonly equal: boolean
}

export interface ChangeLine {
  readonly row: string
  readonly summary: string
  readonly diff: readonly { readonly what: string; readonly before: string | null; readonly after: string | null }[]
}

export interface DigestLine {
  readonly row: string
  readonly name: string
  readonly digest: string
}

/** Something that was made for the migration, as the ledger of whoever made it has it. */
export interface MadeLine {
  readonly kind: string
  readonly place: string
  readonly name: string
  readonly party: KeyHolder
  readonly row: string
  readonly purpose: string
  readonly upkeep: 'remove' | 'safety' | 'keep'
  readonly expiresAt: EpochMs
  /** `gone`: it was looked for and is not there. */
  readonly state: 'intended' | 'made' | 'gone'
  /** When the state was entered. */
  readonly at: EpochMs
}

/** How long the traffic stood: `open` while it still does. */
export type Downtime =
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly from: EpochMs }
  | { readonly kind: 'over'; readonly from: EpochMs; readonly until: EpochMs; readonly tookMs: number }

/** What a journal says about a migration, for people; everything in it can be found in the records. */
export interface EvidenceReport {
  readonly migration: string
  readonly madeAt: EpochMs
  readonly madeBy: string
  readonly verdict: 'done' | 'rolled-back' | 'cancelled' | 'failed' | 'under-way'
  readonly begunAt: EpochMs
  readonly lastAt: EpochMs
  readonly downtime: Downtime
  /** What a rehearsal had measured; null when none was recorded. */
  readonly forecastMs: number | null
  /** What was agreed as the longest; null when nothing was. */
  readonly limitMs: number | null
  readonly rowsPlanned: number | null
  readonly rowsConfirmed: readonly string[]
  readonly verbs: readonly VerbLine[]
  readonly deeds: readonly DeedLine[]
  readonly measured: readonly MeasuredLine[]
  readonly digests: readonly DigestLine[]
  readonly changes: readonly ChangeLine[]
  readonly attached: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[]
  readonly made: readonly MadeLine[]
  readonly keys: readonly { readonly holder: KeyHolder; readonly id: KeyId; readonly since: number }[]
  readonly records: number
  readonly notChecked: readonly string[]
}

const deedKinds = new Set([
  'approved',
  'rejected',
  'paused',
  'resumed',
  'cancelled',
  'rewound',
  'rollback-asked',
  'key-forgotten',
])

/**
 * Makes a report of a journal that was checked. `plan`: null when it is not known; then nothing is said about downtime and
 * rows that are missing.
 */
export function reportOf(
  {
    records,
    keys,
    notes,
  }: {
    readonly records: readonly [JournalRecord, ...JournalRecord[]]
    readonly keys: EvidenceReport['keys']
    readonly notes: readonly string[]
  },
  plan: Plan | null,
  made: Pick<EvidenceReport, 'madeAt' | 'madeBy' | 'attached' | 'made'>,
): EvidenceReport {
  const verbs = readVerbs(records)
  const confirmed = confirmedRows(verbs)
  const last = records.at(-1) ?? records[0]
  return {
    ...made,
    migration: records[0].statement.migration,
    verdict: verdictOf(records),
    begunAt: records[0].statement.at,
    lastAt: last.statement.at,
    downtime: downtimeOf(verbs, plan),
    forecastMs:
      records.map(({ statement }) => memberNumber(statement.body, 'forecastMs')).findLast((ms) => ms !== null) ?? null,
    limitMs: (plan?.window && parseDurationMs(plan.window.limit)) ?? null,
    rowsPlanned: plan?.rows.length ?? null,
    rowsConfirmed: confirmed,
    verbs,
    deeds: records.filter(({ statement }) => deedKinds.has(statement.kind)).map(deedOf),
    measured: resultsOf(records, 'confirm').flatMap(({ row, result }) =>
      memberList(result, 'measured').map((entry) => ({
        row,
        what: memberText(entry, 'what') ?? '',
        expected: memberText(entry, 'expected') ?? '',
        found: memberText(entry, 'found') ?? '',
        equal: entry.equal === true,
      })),
    ),
    digests: [...resultsOf(records, 'apply'), ...resultsOf(records, 'confirm')].flatMap(digestsOf),
    changes: resultsOf(records, 'explain').map(({ row, result }) => ({
      row,
      summary: memberText(result, 'summary') ?? '',
      diff: memberList(result, 'diff').map((entry) => ({
        what: memberText(entry, 'what') ?? '',
        before: memberText(entry, 'before'),
        after: memberText(entry, 'after'),
      })),
    })),
    keys: keys.map(({ holder, id, since }) => ({ holder, id, since })),
    records: records.length,
    notChecked: [...notCheckedOf(plan, confirmed, made.attached), ...notCheckedByRows(records), ...notes],
  }
}

function verdictOf(records: readonly JournalRecord[]): EvidenceReport['verdict'] {
  for (const { statement } of records.toReversed()) {
    switch (statement.kind) {
      case 'migration-ended':
        return memberText(statement.body, 'how') === 'rolled-back' ? 'rolled-back' : 'done'
      case 'cancelled':
        return 'cancelled'
      case 'verb-faulted':
        return 'failed'
      case 'key-introduced':
      case 'key-forgotten':
        continue
      default:
        return 'under-way'
    }
  }
  return 'under-way'
}

function confirmedRows(verbs: readonly VerbLine[]): readonly string[] {
  // Later runs overrule earlier ones: a row that was undone or failed since is not confirmed.
  const state = new Map<string, boolean>()
  for (const { row, verb, outcome, alreadySo } of verbs) {
    if (verb === 'confirm') state.set(row, outcome === 'ended')
    if (verb === 'check' && alreadySo) state.set(row, true)
    if (verb === 'undo' && outcome === 'ended') state.set(row, false)
  }
  return [...state].filter(([, isConfirmed]) => isConfirmed).map(([row]) => row)
}

function downtimeOf(verbs: readonly VerbLine[], plan: Plan | null): Downtime {
  const outage = plan?.outage ?? null
  if (outage === null) return { kind: 'none' }
  const from = verbs.find(({ row, verb }) => row === outage.from && verb === 'apply')?.startedAt ?? null
  if (from === null) return { kind: 'none' }
  const until = verbs.findLast((line) => line.row === outage.to && line.verb === 'confirm' && line.outcome === 'ended')
  if (until === undefined || until.endedAt === null) return { kind: 'open', from }
  return { kind: 'over', from, until: until.endedAt, tookMs: until.endedAt - from }
}

function deedOf({ statement }: JournalRecord): DeedLine {
  const { kind, row, party, actor, at, body } = statement
  const [reason, digest] = [memberText(body, 'reason') ?? '', memberText(body, 'digest')]
  return { kind, row, party, name: actor, at, reason, digest }
}

/** The results of a verb as the engine wrote them down, one per row: its last. */
function resultsOf(records: readonly JournalRecord[], verb: string) {
  const found = new Map<string, { readonly row: string; readonly result: ReturnType<typeof memberObject> }>()
  for (const { statement } of records) {
    if (statement.kind !== 'verb-ended' || statement.verb !== verb || statement.row === null) continue
    found.set(statement.row, { row: statement.row, result: memberObject(statement.body, 'result') })
  }
  return [...found.values()]
}

function digestsOf({ row, result }: ReturnType<typeof resultsOf>[number]): readonly DigestLine[] {
  const found: DigestLine[] = []
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'string' && /^[0-9a-f]{32,128}$/.test(value)) found.push({ row, name: path, digest: value })
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) visit(inner, path === '' ? name : `${path}.${name}`)
    }
  }
  visit(memberObject(result, 'facts'), '')
  return found
}

/** What rows say themselves that they have not checked. */
function notCheckedByRows(records: readonly JournalRecord[]): readonly string[] {
  return resultsOf(records, 'confirm').flatMap(({ row, result }) => {
    const said = memberObject(result, 'facts').notChecked
    return Array.isArray(said) ? said.filter((what) => typeof what === 'string').map((what) => `${row}: ${what}`) : []
  })
}

function notCheckedOf(
  plan: Plan | null,
  confirmed: readonly string[],
  attached: EvidenceReport['attached'],
): readonly string[] {
  const missing = plan?.rows.filter(({ id }) => !confirmed.includes(id)).map(({ id }) => id) ?? []
  return [
    'Whether what a party measured and signed was true: the pack shows who said it, and that nobody changed it since.',
    'Whose the keys are: compare their fingerprints with what each party tells you by another way (verify-report --trust).',
    ...(plan === null ? ['Whether all rows of the plan were done: the plan is not known here.'] : []),
    ...(missing.length === 0 ? [] : [`Rows of the plan that nothing confirms: ${missing.join(', ')}.`]),
    ...(attached.some(({ name }) => /proof/.test(name)) ? [] : ['No proof of the databases is attached.']),
    ...(attached.some(({ name }) => /ledger/.test(name)) ? [] : ['No ledger of what was created is attached.']),
  ]
}
