import { z } from 'zod'
import { type DeclaredChange, type Declaration, declaredChangeSchema } from '../model/declaration.ts'
import type { JsonObject } from '../model/json.ts'
import { rowIds } from '../model/row-id.ts'
import type { StepContext } from '../ports/step.ts'
import { ownHistory } from '../threescale/own-history.ts'
import { factsIfAny } from './facts.ts'
import type { Tools } from './tools.ts'

/** What is left out is added by `declares`. */
type Change = DeclaredChange extends infer Each ? (Each extends DeclaredChange ? Omit<Each, 'by'> : never) : never

const factsSchema = z.object({ declares: z.array(declaredChangeSchema) })

/**
 * What a row has changed in the database on purpose, as facts of it: they are in the journal, signed by whoever did it, and
 * `declarationOf` finds them there.
 */
export function declares(context: StepContext, changes: readonly Change[]): JsonObject {
  // What was made by the schema's type is JSON but for members that are undefined.
  return JSON.parse(
    JSON.stringify({ declares: changes.map((change) => ({ by: context.row.id, ...change })) }),
  ) as JsonObject
}

/** Facts of a row while or after which 3scale runs on the customer's database. */
export function declaresHistory(context: StepContext): JsonObject {
  return declares(context, [
    { kind: 'new-rows', says: '3scale has run, and keeps its own history', tables: [...ownHistory] },
  ])
}

/** Tenants that a row has made: all that is theirs is declared to be there in addition, and no cell of it can be. */
export function tenantsMade(context: StepContext): readonly string[] {
  const told = factsIfAny(context, 'default-tenant', factsSchema)?.declares ?? []
  return told.flatMap((change) => (change.kind === 'rows' && change.table === '*' ? change.values : []))
}

/**
 * What all rows have declared so far, in the runbook's order. RHOAM sets the master's sender address too; which account that
 * is only the database tells.
 */
export async function wholeDeclaration(tools: Tools, context: StepContext): Promise<Declaration> {
  const { migration, signal } = context
  const told = rowIds.flatMap((row) => factsIfAny(context, row, factsSchema)?.declares ?? [])
  const master = await tools.threescaleDatabase.master(await tools.database(migration.destination.database), { signal })
  const sender = {
    kind: 'cells',
    by: 'rhoam-complete',
    says: "RHOAM sets the master's sender address",
    table: 'accounts',
    keys: [master],
  } as const
  const ofMaster = ['from_email', 'updated_at'].map((column) => ({ ...sender, column }))
  const accepted = migration.destination.accepted.senderAddresses
  return { version: 1, migration: migration.name, changes: [...told, ...(accepted ? ofMaster : [])] }
}
