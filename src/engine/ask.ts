import { createHash } from 'node:crypto'
import type { Explanation } from '../ports/step.ts'
import { readGate, readMigration, setState, tooLong, type VerbAt } from './begin-verb.ts'
import { nowOf, type Transaction } from './store.ts'

type RowAt = Omit<VerbAt, 'verb'>

/** How a row's gate stands, for its workflow. */
export type GateStanding =
  | { readonly kind: 'approved' | 'lapsed' | 'stale' | 'unasked' }
  | { readonly kind: 'rejected'; readonly by: string; readonly reason: string }
  | { readonly kind: 'open'; readonly lapsesInMs: number }
  | { readonly kind: 'too-long'; readonly expectedMs: number; readonly limitMs: number }

/**
 * Asks a gate's people, with what `apply` will do. What is asked already with the same explanation stays asked, with the
 * answers that it has; another explanation, or a rejection, begins afresh.
 */
export async function ask(
  tx: Transaction,
  at: RowAt,
  explanation: Explanation,
): Promise<{ readonly digest: string } | null> {
  const found = await readMigration(tx, at.migration)
  const gate = found?.gates[at.row]
  if (found === null || gate === undefined || found.generation !== at.generation) return null
  const digest = digestOf(explanation)
  const { ask: open, verdict } = await readGate(tx, at, gate, found.requestedBy)
  const now = await nowOf(tx)
  if (
    open === null ||
    open.digest !== digest ||
    verdict.kind === 'rejected' ||
    now >= open.askedAt + gate.lapseAfterMs
  ) {
    await tx.query(
      `WITH asked AS (
         INSERT INTO threeshift.asks (migration, row_id, generation, explanation, digest) VALUES ($1, $2, $3, $4, $5) RETURNING id)
       UPDATE threeshift.rows SET ask = asked.id FROM asked WHERE rows.migration = $1 AND rows.id = $2`,
      [at.migration, at.row, at.generation, explanation, digest],
    )
  }
  await setState(tx, at, { kind: 'held', question: gate.question, since: open?.digest === digest ? open.askedAt : now })
  return { digest }
}

/** Whether the row may pass now. */
export async function gateStanding(tx: Transaction, at: RowAt): Promise<GateStanding> {
  const found = await readMigration(tx, at.migration)
  if (found === null || found.generation !== at.generation || found.control === 'cancelled') return { kind: 'stale' }
  const outage = tooLong(found, at.row)
  if (outage !== null) return { kind: 'too-long', ...outage }
  const gate = found.gates[at.row]
  if (gate === undefined) return { kind: 'approved' }
  const { ask: asked, verdict } = await readGate(tx, at, gate, found.requestedBy)
  if (asked === null) return { kind: 'unasked' }
  if (verdict.kind === 'approved') return verdict
  if (verdict.kind === 'rejected') {
    return { kind: 'rejected', by: `${verdict.by.name} (${verdict.by.party})`, reason: verdict.by.reason }
  }
  const lapsesInMs = asked.askedAt + gate.lapseAfterMs - (await nowOf(tx))
  return lapsesInMs <= 0 ? { kind: 'lapsed' } : { kind: 'open', lapsesInMs }
}

/** Hex SHA-256 of what is shown; the members are written in one fixed order. */
function digestOf({ summary, diff }: Explanation): string {
  const shown = [summary, diff.map(({ what, before, after }) => [what, before, after])]
  return createHash('sha256').update(JSON.stringify(shown)).digest('hex')
}
