import { describeAddress } from '../model/database-address.ts'
import { type ProofContent, sealProof } from '../model/proof.ts'
import type { CopyAccount, MoveRequest, VerifiedTable, VerifyReport } from '../ports/system-database.ts'
import { differenceText } from './db-text.ts'

/** Our own version, and when: epoch milliseconds. */
export interface ProofMaker {
  readonly by: string
  readonly atMs: number
}

/** The report of a verification as the text of a `proof.json`. */
export function proofOf(
  report: VerifyReport,
  { source, target }: Pick<MoveRequest, 'source' | 'target'>,
  made: ProofMaker,
): string {
  return sealProof({
    made: {
      by: `threeshift ${made.by}`,
      at: new Date(made.atMs).toISOString(),
      source: describeAddress(source),
      target: describeAddress(target),
    },
    copy: report.copy === null ? null : copySection(report.copy),
    tables: report.tables.map(tableSection),
    verdict: {
      kind: report.verdict,
      differences: report.differences.map(differenceText),
      more: report.truncated,
      declared: report.declared,
      declaration: report.declaration,
      notChecked: [...report.notChecked],
    },
  })
}

function copySection({ tables, changes, ...copy }: CopyAccount): ProofContent['copy'] {
  return {
    ...copy,
    tables: tables.map(({ name, rows, digest, reread, entries, entriesDigest }) => ({
      name,
      sent: rows === null || digest === null ? null : { rows, digest },
      reread,
      ledger: { entries, digest: entriesDigest },
    })),
    changes: [...changes],
  }
}

function tableSection({ name, equal, tenants, ...table }: VerifiedTable): ProofContent['tables'][number] {
  return {
    name,
    equal,
    ...sidesOf(table),
    tenants: tenants.map((tenant) => ({ tenant: tenant.tenant, ...sidesOf(tenant) })),
  }
}

function sidesOf({ rows, digest, targetRows, targetDigest }: Omit<VerifiedTable, 'name' | 'equal' | 'tenants'>) {
  return { source: { rows, digest }, target: { rows: targetRows, digest: targetDigest } }
}
