import type { RunbookRow } from './row.ts'
import { destinationRows } from './rows-destination.ts'
import { prerequisiteRows } from './rows-prerequisites.ts'
import { sourceAndMigrationRows } from './rows-source-and-migration.ts'

/** The journey: 14 prerequisites, 25 steps and two rows beyond the document, in the order in which a person would read them. */
export const runbook: readonly RunbookRow[] = [...prerequisiteRows, ...sourceAndMigrationRows, ...destinationRows]
