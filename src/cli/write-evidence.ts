import { loadOrCreateKey } from '../evidence/key-file.ts'
import { type EvidenceReport, type MadeLine, reportOf } from '../evidence/report.ts'
import { digestOf } from '../evidence/signing-key.ts'
import { soundChain, writePack } from '../evidence/write-pack.ts'
import type { EpochMs } from '../base/clock.ts'
import { parseLedgerLine } from '../ledger/ledger-line.ts'
import type { Plan } from '../model/plan.ts'
import type { LedgerEntry } from '../ports/ledger.ts'
import { evidencePage } from './pages/evidence-page.ts'

/** What an evidence pack is made of. */
export interface EvidenceMaterial {
  readonly migration: string
  /** The journal, line by line. */
  readonly lines: readonly string[]
  /** Null: it is not known here. */
  readonly plan: Plan | null
  /** Files from elsewhere, by their names; those that are ledgers (`ledger….jsonl`) are shown in the report. */
  readonly attached: ReadonlyMap<string, Buffer>
  /** Holds the control plane's key, which signs the pack. */
  readonly keyFolder: string
  readonly madeAt: EpochMs
  /** Program and version. */
  readonly madeBy: string
}

/** Writes the evidence pack of a migration into a new or empty folder; gives its report. Faults: PACK_*, EVIDENCE_KEY_*. */
export async function writeEvidence(folder: string, material: EvidenceMaterial): Promise<EvidenceReport> {
  const { migration, lines, plan, attached, keyFolder, madeAt, madeBy } = material
  const report = reportOf(soundChain(migration, lines), plan, {
    madeAt,
    madeBy,
    attached: [...attached].map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: digestOf(bytes) })),
    made: [...attached].flatMap(([name, bytes]) => (/^ledger.*\.jsonl$/.test(name) ? madeIn(bytes) : [])),
  })
  const content = {
    migration,
    lines,
    report: `${JSON.stringify(report, undefined, 2)}\n`,
    page: evidencePage(report),
    attached,
    madeAt,
    madeBy,
  }
  await writePack(folder, content, await loadOrCreateKey(keyFolder, 'control-plane'))
  return report
}

/** The latest state of each thing that a ledger lists. */
function madeIn(ledger: Buffer): readonly MadeLine[] {
  const entries = new Map<string, LedgerEntry>()
  for (const line of ledger.toString('utf8').split('\n')) {
    const entry = parseLedgerLine(line)
    if (entry !== null) entries.set(JSON.stringify(entry.thing), entry)
  }
  return [...entries.values()].map(({ thing, making, state, atMs }) => ({
    ...thing,
    party: making.owner,
    row: making.row,
    purpose: making.purpose,
    upkeep: making.upkeep,
    expiresAt: making.expiresAtMs,
    state,
    at: atMs,
  }))
}
