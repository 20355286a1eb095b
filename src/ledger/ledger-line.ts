import type { LedgerEntry } from '../ports/ledger.ts'
import { parties } from '../model/party.ts'
import { rowIds } from '../model/row-id.ts'
import { z } from 'zod'

/** One line of a ledger's file: the thing's whole state at that time, so the last line of a thing is all there is. */
export type LedgerLine = LedgerEntry

const epochMs = z.number().int().nonnegative()
const lineSchema = z.object({
  state: z.enum(['intended', 'made', 'gone']),
  thing: z.object({ kind: z.string().min(1), place: z.string().min(1), name: z.string().min(1) }),
  making: z.object({
    migration: z.string().min(1),
    owner: z.enum(parties),
    purpose: z.string(),
    row: z.enum(rowIds),
    expiresAtMs: epochMs,
    upkeep: z.enum(['remove', 'safety', 'keep']),
  }),
  id: z.string().nullable(),
  details: z.record(z.string(), z.string()),
  atMs: epochMs,
})

/** Null: it is no line of a ledger. */
export function parseLedgerLine(line: string): LedgerEntry | null {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return null
  }
  const parsed = lineSchema.safeParse(json)
  // Branding of the times is what the cast is for.
  return parsed.success ? (parsed.data as unknown as LedgerEntry) : null
}
