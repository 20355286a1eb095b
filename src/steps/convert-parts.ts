import { z } from 'zod'
import type { JsonObject } from '../model/json.ts'
import { type Migration, migrationSchema } from '../model/migration.ts'
import { parties, type Party } from '../model/party.ts'
import type { ChunkHandler } from '../ports/chunks.ts'
import type { StepContext } from '../ports/step.ts'
import { moveBetween } from './databases.ts'
import type { Tools } from './tools.ts'

/** What handles a part of a conversion. */
export const convertPartKind = 'convert-part'

const inputSchema = z.strictObject({
  migration: migrationSchema,
  party: z.enum(parties),
  table: z.string(),
  range: z.int(),
})

/** The conversion of the loaded database, with the credentials of whoever's tools these are. */
export async function conversionOf(
  tools: Pick<Tools, 'database' | 'clock'>,
  context: Pick<StepContext, 'migration' | 'signal' | 'onProgress'>,
) {
  const { database, postgresql } = context.migration.migrationCluster
  return moveBetween(tools, context, await tools.database(database), await tools.database(postgresql))
}

/**
 * Has all workers of the engine fill the large tables of the conversion, part by part; nothing where there are no workers, or no large
 * tables. A part that a worker leaves behind is gone on with by another; what an earlier try has left on the queue is taken from it.
 */
export async function fillTogether(
  tools: Pick<Tools, 'systemDatabase' | 'database' | 'clock' | 'spread'>,
  context: StepContext,
): Promise<void> {
  const chunks = tools.spread()
  if (chunks === null) return
  const { migration, row, fence, signal } = context
  const parts = await tools.systemDatabase.divide(await conversionOf(tools, context))
  if (parts.length === 0) return
  const work = `${migration.name} ${row.id} `
  await chunks.run(
    `${work}${fence}`,
    parts.map(({ table, range }) => ({
      id: `${table} ${range}`,
      kind: convertPartKind,
      // Settings are JSON, and hold references in place of secrets; their type has no index signature.
      input: { migration: migration as unknown as JsonObject, party: row.owner, table, range },
    })),
    { signal, insteadOf: work },
  )
}

/** Fills one part, with tools of the worker's own credentials; they are closed in the end. */
export function convertPart(
  open: (
    migration: Migration,
    party: Party,
  ) => Promise<Pick<Tools, 'systemDatabase' | 'database' | 'clock'> & { close(): void }>,
): ChunkHandler {
  return async (input, { signal }) => {
    const { migration, party, table, range } = inputSchema.parse(input)
    const tools = await open(migration, party)
    try {
      const move = await conversionOf(tools, { migration, signal, onProgress: () => undefined })
      const { rows, complete } = await tools.systemDatabase.copyPart(move, { table, range })
      return { rows, complete }
    } finally {
      tools.close()
    }
  }
}
