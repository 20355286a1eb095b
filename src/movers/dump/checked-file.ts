import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { DumpReceipt } from '../../ports/dump.ts'
import { DumpEnds, endsWhole } from './dump-text.ts'
import { fault } from './faults.ts'
import { fileFault } from './take-dump.ts'

const pieceBytes = 256 * 1024

/**
 * The bytes of the dump that the receipt is of, in pieces that are valid until the next is pulled.
 *
 * It ends only when all of them have gone by and were the right ones; otherwise it throws after the last: who reads must
 * not take anything for done before that. Faults: DUMP_NOT_THE_ONE, DUMP_CUT, DUMP_FILE_FAILED.
 */
export async function* checkedFile(
  file: string,
  receipt: DumpReceipt,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const handle = await open(file).catch((error: unknown) => Promise.reject(fileFault(file, error)))
  try {
    const hash = createHash('sha256')
    const ends = new DumpEnds()
    const buffer = Buffer.allocUnsafe(pieceBytes)
    let bytes = 0
    for (;;) {
      const { bytesRead } = await handle
        .read(buffer, 0, pieceBytes)
        .catch((error: unknown) => Promise.reject(fileFault(file, error)))
      if (bytesRead === 0) break
      const piece = buffer.subarray(0, bytesRead)
      hash.update(piece)
      ends.add(piece)
      bytes += bytesRead
      onBytes(bytes)
      // It may be held until it is written: the buffer is filled again.
      yield Buffer.from(piece)
    }
    if (bytes < receipt.bytes) throw fault('DUMP_CUT', { what: file, bytes })
    const sha256 = hash.digest('hex')
    if (bytes !== receipt.bytes) {
      const [found, expected] = [`${bytes} bytes`, `${receipt.bytes} bytes`]
      throw fault('DUMP_NOT_THE_ONE', { file, property: 'length', found, expected })
    }
    if (sha256 !== receipt.sha256) {
      const [found, expected] = [`${sha256.slice(0, 16)}…`, `${receipt.sha256.slice(0, 16)}…`]
      throw fault('DUMP_NOT_THE_ONE', { file, property: 'SHA-256', found, expected })
    }
    if (!endsWhole(receipt.format, ends.tail)) throw fault('DUMP_CUT', { what: file, bytes })
  } finally {
    await handle.close()
  }
}

/** Reads all of it once, so that nothing is touched for a wrong file. */
export async function checkFile(file: string, receipt: DumpReceipt, signal: AbortSignal): Promise<void> {
  for await (const piece of checkedFile(file, receipt, () => signal.throwIfAborted())) void piece
}
