import type { EpochMs } from '../base/clock.ts'
import type { DatabaseAddress } from '../model/database-address.ts'

export const dumpFormats = ['postgres', 'mysql'] as const
/** `mysql` is that of MariaDB, too. */
export type DumpFormat = (typeof dumpFormats)[number]

/**
 * What is known of one whole dump. It travels apart from the file (in the journal, in a signed manifest), so that a file
 * with the right name and other contents is found out.
 */
export interface DumpReceipt {
  readonly format: DumpFormat
  /** Name of the database that was dumped. */
  readonly database: string
  readonly takenAtMs: EpochMs
  readonly bytes: number
  /** Of the whole file, in hex. */
  readonly sha256: string
  /** As the program names itself in the dump's head. */
  readonly program: string
}

export interface DumpProgress {
  readonly bytes: number
  /** Of a load: the receipt's. Of a dump: null, nobody knows. */
  readonly totalBytes: number | null
  readonly elapsedMs: number
}

export interface DumpRequest {
  readonly from: DatabaseAddress
  /** It gets this name only when the dump is whole. An existing file is a fault. */
  readonly file: string
  readonly onProgress: (progress: DumpProgress) => void
  readonly signal: AbortSignal
}

export interface LoadRequest {
  readonly file: string
  /** Of the dump that is meant. */
  readonly receipt: DumpReceipt
  readonly into: DatabaseAddress
  /** Takes away whatever is in the database first. Otherwise a database that is not empty is a fault. */
  readonly emptyFirst: boolean
  readonly onProgress: (progress: DumpProgress) => void
  readonly signal: AbortSignal
}

export interface LoadReport {
  readonly bytes: number
  readonly sha256: string
  readonly tables: number
  readonly tookMs: number
}

export interface EmptyRequest {
  readonly database: DatabaseAddress
  readonly signal: AbortSignal
}

/** Dumps of a system database by its own programs, and loading them. Faults: DUMP_*, PROGRAM_*. */
export interface DumpMover {
  /** Reads the source in one consistent snapshot. Abort: kills the program; nothing of the name is left. */
  dump(request: DumpRequest): Promise<DumpReceipt>
  /**
   * Loads exactly the dump of the receipt. PostgreSQL: all of it or nothing, in one transaction. MySQL: on failure the
   * database is emptied again. Abort: the same.
   */
  load(request: LoadRequest): Promise<LoadReport>
  /** Takes away whatever is in the database; the database stays. Again with the effect of once. */
  empty(request: EmptyRequest): Promise<void>
}
