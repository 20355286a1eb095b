import { setImmediate } from 'node:timers/promises'
import { type ByteSource, RdbReader } from '../../wire/rdb/rdb-reader.ts'
import { oldestWritten, RdbWriter } from '../../wire/rdb/rdb-writer.ts'
import { CarryPolicy } from './carry.ts'

const yieldEveryKeys = 16_384
/** What a reader of the file goes by; the rest of the notes is about the server that it was taken of. */
const keptNotes = ['ctime', 'used-mem'] as const

/**
 * Writes of a snapshot only what is carried by default, each entry as it is: credentials and whatever is made again of the
 * database stay behind.
 *
 * In: a snapshot that was read through, for its checksum is not looked at again. Errors of the file system are thrown as they
 * are. Abort: throws the reason within some ten thousand keys; the file stays, without an end mark.
 */
export async function pruneSnapshot(source: ByteSource, file: string, signal: AbortSignal): Promise<void> {
  const policy = new CarryPolicy({ carry: 'default', mode: 'overwrite', databases: new Map() })
  const reader = new RdbReader(source, { verifyChecksum: false })
  let writer: RdbWriter | undefined
  let database = -1
  try {
    for (let keys = 1; reader.next(); keys++) {
      writer ??= begin(file, reader)
      if (keys % yieldEveryKeys === 0) {
        await setImmediate()
        signal.throwIfAborted()
      }
      if (!policy.carriesEntry(reader, policy.familyOf(reader))) continue
      if (reader.db !== database) {
        database = reader.db
        writer.selectDatabase(database)
      }
      const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = reader
      writer.entry(reader.type, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, reader.expiresAtMs)
    }
    writer ??= begin(file, reader)
    writer.end()
  } finally {
    writer?.close()
  }
}

/** Once the notes were read, which come before the first key. */
function begin(file: string, { header }: RdbReader): RdbWriter {
  const writer = new RdbWriter(file, Math.max(oldestWritten, header.version))
  for (const name of keptNotes) {
    const text = header.aux.get(name)
    if (text !== undefined) writer.aux(name, text)
  }
  return writer
}
