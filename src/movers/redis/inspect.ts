import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import type { InspectReport, RedisProgress } from '../../ports/redis.ts'
import { type ByteSource, RdbReader } from '../../wire/rdb/rdb-reader.ts'
import { Inspection } from './inspection.ts'
import { inspectReport } from './report.ts'

export interface InspectOptions {
  readonly clock: Clock
  /** Of the snapshot, for progress; 0 when unknown. */
  readonly totalBytes: number
  readonly onProgress: (progress: RedisProgress) => void
  readonly signal: AbortSignal
}

const progressBytes = 4 * 1024 ** 2

/**
 * Reads a whole snapshot once and says what is in it. Changes nothing; memory grows with services and metrics, not keys.
 *
 * In: `source` at the file's first byte. Faults: RDB_*, also when only the last byte is wrong: a report means that the
 * snapshot is whole. Abort: throws the signal's reason within some megabytes.
 */
export async function inspectRdb(source: ByteSource, options: InspectOptions): Promise<InspectReport> {
  const { clock, signal, totalBytes, onProgress } = options
  const startedAt = clock.now()
  const startedMs = clock.elapsedMs()
  const reader = new RdbReader(source)
  const inspection = new Inspection(startedAt)
  const progress = (done: boolean) => {
    const elapsedMs = clock.elapsedMs() - startedMs
    onProgress({ phase: 'inspect', keys: inspection.keys, bytes: reader.bytesRead, totalBytes, elapsedMs, done })
  }
  let nextStop = progressBytes
  signal.throwIfAborted()
  while (reader.next()) {
    inspection.add(reader)
    if (reader.bytesRead < nextStop) continue
    nextStop = reader.bytesRead + progressBytes
    progress(false)
    await setImmediate()
    signal.throwIfAborted()
  }
  progress(true)
  return inspectReport(inspection, reader, { now: startedAt, tookMs: clock.elapsedMs() - startedMs })
}
