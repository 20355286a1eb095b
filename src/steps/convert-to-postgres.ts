import { z } from 'zod'
import type { CopyReport } from '../ports/system-database.ts'
import type { Step } from '../ports/step.ts'
import { conversionOf, fillTogether } from './convert-parts.ts'
import { fault } from './faults.ts'
import { measure, measureNone } from './measure.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import type { Tools } from './tools.ts'

const record = 'converted.json'

/** What became of the values, for the report. */
export const convertFacts = z.object({
  tables: z.number().int(),
  rows: z.number().int(),
  changed: z.number().int(),
  setAside: z.number().int(),
})
type ConvertFacts = z.output<typeof convertFacts>

/** Step 5: the loaded database becomes a PostgreSQL, and every row is compared by code that shares nothing with the copy. */
export function convertToPostgres(tools: Tools): Step {
  return {
    async check() {
      const facts = await readRecord(tools, record, convertFacts)
      if (facts === null) return { kind: 'needed', says: 'the database is not converted' }
      return { kind: 'done', says: says(facts), facts: { ...facts } }
    },

    async explain(context) {
      const { findings } = await tools.systemDatabase.assess(await conversionOf(tools, context))
      return {
        summary: `${findings.length} columns hold values that PostgreSQL cannot store; each has a decision, or the row stops.`,
        diff: findings.map(({ table, column, class: of, count, decided }) => ({
          what: `${count} values (${of}) in ${table}.${column}`,
          before: 'as at the source',
          after: decided,
        })),
      }
    },

    async apply(context) {
      await fillTogether(tools, context)
      const copied = await tools.systemDatabase.copy(await conversionOf(tools, context))
      if (copied.verdict === 'stopped') {
        const undecided = copied.findings.filter(({ decided }) => decided === 'stop')
        throw fault('STEP_UNDECIDED', { classes: [...new Set(undecided.map((finding) => finding.class))] })
      }
      const facts = factsIn(copied)
      await writeRecord(tools, record, facts)
      return { says: says(facts), facts: { ...facts } }
    },

    async confirm(context) {
      const verified = await tools.systemDatabase.verify(await conversionOf(tools, context))
      const tenants = verified.tables.flatMap((table) => table.tenants)
      return {
        says: `${verified.tables.length} tables read on both sides; ${verified.declared.cells} values and ${verified.declared.rows} rows differ by decision`,
        measured: [
          measureNone(
            'tables with another digest',
            verified.tables.filter(({ equal }) => !equal).map(({ name }) => name),
          ),
          measure(
            'digests per table and tenant that are equal',
            tenants.length,
            tenants.filter(({ equal }) => equal).length,
          ),
          measure('differences', 0, verified.differences.length),
        ],
        facts: {},
      }
    },

    async undo({ migration, signal }) {
      await removeRecord(tools, record)
      await tools.dumps.empty({ database: await tools.database(migration.migrationCluster.postgresql), signal })
      return { says: 'the converted database is empty; the loaded one is as it was' }
    },
  }
}

function factsIn({ tables, changed, setAside }: CopyReport): ConvertFacts {
  return { tables: tables.length, rows: tables.reduce((sum, { rows }) => sum + rows, 0), changed, setAside }
}

function says({ tables, rows, changed, setAside }: ConvertFacts): string {
  return `${rows} rows in ${tables} tables; ${changed} values changed and ${setAside} rows set aside by decision`
}
