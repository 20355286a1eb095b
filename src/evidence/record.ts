import {
  type Digest,
  type JournalRecord,
  noRecord,
  recordSchema,
  type Signature,
  type Statement,
} from '../model/evidence.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { digestOf, type SigningKey } from './signing-key.ts'

/** Where a chain ends: its last record. */
export interface Head {
  readonly seq: number
  readonly hash: Digest
}

/** Puts a signed statement behind `head` (null: it is the chain's first) and seals it there. */
export function sealRecord(
  head: Head | null,
  statement: Statement,
  signature: Signature,
  sealer: SigningKey,
): JournalRecord {
  const seq = head === null ? 0 : head.seq + 1
  const previous = head === null ? noRecord : head.hash
  const hash = recordHash({ seq, previous, statement, signature })
  return { seq, previous, statement, signature, hash, seal: sealer.sign('seal', hash) }
}

/** The hash that a record must have. */
export function recordHash(record: Pick<JournalRecord, 'seq' | 'previous' | 'statement' | 'signature'>): Digest {
  const { seq, previous, statement, signature } = record
  return digestOf(canonicalJson({ seq, previous, statement, signature }))
}

/** A record as its one line of `journal.jsonl`, without the line break. */
export function recordLine(record: JournalRecord): string {
  return canonicalJson(record)
}

/** Reads one line; null for anything but the exact text of a record. */
export function parseRecordLine(line: string): JournalRecord | null {
  try {
    const record = recordSchema.parse(JSON.parse(line))
    return recordLine(record) === line ? record : null
  } catch {
    // Whatever is wrong with the line, its place says more than the parser's words.
    return null
  }
}
