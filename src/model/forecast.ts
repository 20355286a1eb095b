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

/** The least and the most milliseconds. */
const range = z.tuple([ms, ms])

/** How long the rows of an outage will take, one after the other. */
export const forecastSchema = z.strictObject({
  version: z.literal(1),
  migration: z.string(),
  madeAt: z.iso.datetime(),
  /** Of the real source. */
  size: sizeSchema,
  /** When the rehearsals were, and how much they moved. */
  rehearsals: z.array(
    z.strictObject({ at: z.iso.datetime(), clusters: z.enum(['simulated', 'real']), size: sizeSchema }),
  ),
  rows: z.array(
    z.strictObject({
      id: z.enum(rowIds),
      /** What was measured and scaled, and what clusters, clouds and people usually need besides. */
      measuredMs: range,
      usualMs: range,
    }),
  ),
  downtimeMs: range,
})
export type Forecast = Readonly<z.output<typeof forecastSchema>>

/** What is counted on: the middle of the range. */
export function expectedMs({ downtimeMs: [least, most] }: Pick<Forecast, 'downtimeMs'>): number {
  return Math.round((least + most) / 2)
}

/** `fits`: also at its longest. `tight`: as it is expected, and not at its longest. */
export function fitOf(forecast: Pick<Forecast, 'downtimeMs'>, limitMs: number): 'fits' | 'tight' | 'too-long' {
  if (expectedMs(forecast) > limitMs) return 'too-long'
  return forecast.downtimeMs[1] > limitMs ? 'tight' : 'fits'
}
