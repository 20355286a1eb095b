import { z } from 'zod'
import { domainPattern } from './migration.ts'
import { releases } from './release.ts'
import { rowIds } from './row-id.ts'

/*
 * What a migration changes on purpose between the source's database and the destination's. Each row of the runbook says
 * what it has changed; a comparison of both ends takes what is declared as it is, and everything else for a loss.
 */

const table = z.string().regex(/^[a-z0-9_]{1,63}$/)
const column = table
/** A row's primary key where it is one column: mostly a decimal number. */
const key = z.string().min(1).max(255)
const domain = z.string().regex(domainPattern)
const host = z.string().min(1).max(253)

/** `by`: the row that changed it. `says`: a sentence for whoever reads the comparison. */
const declared = { by: z.enum(rowIds), says: z.string().min(1).max(300) }

export const declaredChangeSchema = z.discriminatedUnion('kind', [
  /**
   * Host names below one domain became those of another, in cells that the target's own account names; `also`: whole names
   * besides. Each cell is held against the account and against these two domains.
   */
  z.strictObject({ kind: z.literal('renamed'), ...declared, from: domain, to: domain, also: z.record(host, host) }),
  /** The tables of one release became those of another. */
  z.strictObject({ kind: z.literal('upgraded'), ...declared, from: z.enum(releases), to: z.enum(releases) }),
  /** These cells may hold something else; `after`, when given, is what they hold. Null for `keys`: of every row. */
  z.strictObject({
    kind: z.literal('cells'),
    ...declared,
    table,
    column,
    keys: z.array(key).readonly().nullable(),
    after: z.string().nullable().optional(),
  }),
  /**
   * The rows whose `column` is one of `values` are not at both ends: `added` ones are at the target only, `removed` ones at
   * the source only; `either` may be anywhere and are not compared. A `table` of `*` means all that have the column.
   */
  z.strictObject({
    kind: z.literal('rows'),
    ...declared,
    table: z.union([table, z.literal('*')]),
    column,
    values: z.array(key).readonly(),
    expect: z.enum(['added', 'removed', 'either']),
  }),
  /** 3scale itself wrote more into these tables: rows with an id that the source has never given. */
  z.strictObject({ kind: z.literal('new-rows'), ...declared, tables: z.array(table).readonly() }),
])
export type DeclaredChange = z.output<typeof declaredChangeSchema>

/** All that one migration declares, in the order in which it was done. */
export const declarationSchema = z.strictObject({
  version: z.literal(1),
  migration: z.string().min(1).max(100),
  changes: z.array(declaredChangeSchema).readonly(),
})
export type Declaration = z.output<typeof declarationSchema>
