import { z } from 'zod'
import { databaseKinds } from './migration.ts'
import { rowIds } from './row-id.ts'
import { releases } from './release.ts'

/*
 * How long a migration will take: what a rehearsal measured, how much there is to move, and what follows from both.
 */

/** The file in a rehearsal's folder that holds its timings. */
export const timingsFile = 'forecast.json'

const count = z.int().nonnegative()
const ms = z.number().nonnegative()

/** How much there is to move. Rows and bytes are the database's own estimates, so that measuring reads no table. */
export const sizeSchema = z.strictObject({
  /** Of the system database: rows of all tables, and bytes of their data and indexes. */
  rows: count,
  bytes: count,
  /** Of the backend's Redis: keys of storage and queues, and the memory that they take. */
  keys: count,
  redisBytes: count,
  tenants: count,
})
export type Size = Readonly<z.output<typeof sizeSchema>>

/** What one rehearsal measured; only complete ones are of use. */
export const timingsSchema = z.strictObject({
  version: z.literal(1),
  /** When it began. */
  at: z.iso.datetime(),
  source: z.strictObject({ release: z.enum(releases), database: z.enum(databaseKinds) }),
  /** Of the machine that did the work. */
  machine: z.strictObject({ cores: z.int().positive(), memoryBytes: z.int().positive() }),
  /** `simulated` clusters do not take the time that real ones take. */
  clusters: z.enum(['simulated', 'real']),
  size: sizeSchema,
  /** By row: the milliseconds that each of its verbs worked, without waiting for people and agents. A verb that ran again counts with its last run. */
  rows: z.array(
    z.strictObject({
      id: z.enum(rowIds),
      workMs: z.partialRecord(z.enum(['check', 'explain', 'apply', 'confirm']), ms),
    }),
  ),
})
export type Timings = Readonly<z.output<typeof timingsSchema>>
