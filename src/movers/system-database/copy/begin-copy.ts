import { type DatabaseAddress, describeAddress } from '../../../model/database-address.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import type { TargetClaim } from './claim-target.ts'
import type { EarlierRun } from './earlier-run.ts'
import { createLedger } from './ledger.ts'

/** What a copy reads, and the digest of what it is to write. */
interface CopyAbout {
  readonly source: DatabaseAddress
  readonly snapshot: string
  readonly position: string | null
  readonly plan: string
}

/** Clears what is there and notes the copy in the ledger, or takes note that an earlier run is gone on with. */
export async function beginCopy(
  target: PostgresTarget,
  claim: TargetClaim,
  { source, snapshot, position, plan }: CopyAbout,
  earlier: EarlierRun | null,
): Promise<void> {
  await createLedger(target)
  if (earlier !== null) {
    const sql = 'UPDATE threeshift.copy SET snapshot = $1, position = $2'
    await target.query(sql, 'noting what the copy reads', [snapshot, position])
    return
  }
  await claim.prepare()
  await target.query(
    'INSERT INTO threeshift.copy (source, snapshot, position, plan) VALUES ($1, $2, $3, $4)',
    'noting the start of the copy',
    [describeAddress(source), snapshot, position, plan],
  )
}
