import type { DatabaseAddress } from '../../model/database-address.ts'
import type { SourceFacts } from '../../ports/system-database.ts'
import type { PulledRows } from '../../wire/pulled-rows.ts'
import type { SourceDialect } from './source-dialect.ts'

/** A row as the server sent it: a field's bytes, or null. Valid until the next batch is asked for. */
export type RawRow = readonly (Buffer | null)[]

/**
 * One session of a source, of whatever product, that reads everything from one consistent snapshot and never writes.
 *
 * Statements are in the product's own SQL, which `dialect` helps to write; rows come as its `fields` understand them.
 * Faults everywhere: those of `driverFault`, with `doing` as the action. Abort: the connection is closed at once.
 */
export interface SourceSession {
  readonly product: SourceFacts['product']
  readonly version: string
  readonly address: DatabaseAddress
  readonly dialect: SourceDialect
  /** What the reads are consistent with, in words for a report. */
  readonly snapshot: string
  /** Starts the snapshot that all later reads see. Reads are repeatable until `close`. */
  beginSnapshot(): Promise<void>
  /** All rows of a small result as text. */
  query(sql: string, doing: string): Promise<readonly (readonly (string | null)[])[]>
  /** The rows of a SELECT as the server sends them. The server is held back while rows wait to be pulled. */
  rows(sql: string, doing: string): Promise<PulledRows>
  /** `rows` in batches of about 1 MiB, with a view of each field. A caller that leaves early loses the connection. */
  read(sql: string, doing: string): AsyncGenerator<readonly RawRow[]>
  /** One more session of the same source, with the same signal, in no snapshot yet; the caller closes it. */
  openAnother(): Promise<SourceSession>
  close(): void | Promise<void>
}
