import type { PulledRows } from '../../wire/pulled-rows.ts'
import type { RawRow } from './source-session.ts'
import type { Fields } from './verify/canonical-row.ts'

const batchBytes = 1 << 20

/** Rows in batches of about 1 MiB, each row copied once, with a view of each field. Leaving early abandons the rows. */
export async function* readBatches(rows: PulledRows, fields: Fields): AsyncGenerator<readonly RawRow[]> {
  let batch: RawRow[] = []
  let bytes = 0
  try {
    while (await rows.more()) {
      while (rows.next()) {
        batch.push(rawRow(rows, fields))
        bytes += rows.end - rows.start
        if (bytes < batchBytes) continue
        yield batch
        batch = []
        bytes = 0
      }
    }
    if (batch.length > 0) yield batch
  } finally {
    rows.abandon()
  }
}

/** The row's bytes are copied once; the fields are views of the copy. */
function rawRow(rows: PulledRows, fields: Fields): RawRow {
  const { bytes, start, end } = rows
  fields.parse(bytes, start, end)
  const copy = Buffer.allocUnsafe(end - start)
  bytes.copy(copy, 0, start, end)
  const row: (Buffer | null)[] = []
  for (let i = 0; i < fields.count; i++) {
    const from = fields.starts[i] ?? -1
    row.push(from === -1 ? null : copy.subarray(from - start, (fields.ends[i] ?? 0) - start))
  }
  return row
}
