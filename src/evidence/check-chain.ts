import {
  type Digest,
  forgottenSchema,
  introductionSchema,
  type JournalRecord,
  type KeyHolder,
  noRecord,
} from '../model/evidence.ts'
import { type KnownKey, KnownKeys } from './known-keys.ts'
import { parseRecordLine, recordHash } from './record.ts'
import { isSignedBy } from './signing-key.ts'

/** Something that is not as it must be. `where` names the record, or the file when it is about the whole of it. */
export interface Problem {
  readonly where: string
  readonly says: string
}

/** What a chain turned out to be. `notes` is not wrong, but a reader should know it. */
export interface CheckedChain {
  readonly records: readonly JournalRecord[]
  readonly keys: readonly KnownKey[]
  readonly problems: readonly Problem[]
  readonly notes: readonly string[]
}

/**
 * Checks a journal, line by line, against nothing but itself: text, order, hashes, keys, signatures, seals.
 *
 * In: the lines of `journal.jsonl`. Out: the records that could be read, and every problem, at most one per record; after
 * a record that is missing or out of place the check goes on from what stands there.
 */
export function checkChain(lines: readonly string[]): CheckedChain {
  const chain: Chain = { keys: new KnownKeys(), hashes: new Map(), records: [], notes: [] }
  const problems: Problem[] = []
  // A `previous` of null: what stood there could not be read, so nothing can be said about who continues it.
  let expected: { readonly seq: number; readonly previous: Digest | null } = { seq: 0, previous: noRecord }
  for (const [at, line] of lines.entries()) {
    const record = parseRecordLine(line)
    const unreadable = record === null || recordHash(record) !== record.hash
    if (unreadable) {
      // Nothing that it says of itself counts, so it is named by where it stands.
      problems.push({ where: `record ${expected.seq}`, says: `line ${at + 1} is not the record that was written` })
      expected = { seq: expected.seq + 1, previous: null }
      continue
    }
    // Both are asked: what a record says of keys counts, even where it stands wrongly.
    const content = contentProblem(record, chain)
    const says = placeProblem(record, expected) ?? content
    if (says !== null) problems.push({ where: `record ${record.seq}`, says })
    chain.records.push(record)
    chain.hashes.set(record.seq, record.hash)
    expected =
      record.seq < expected.seq ? { seq: expected.seq, previous: null } : { seq: record.seq + 1, previous: record.hash }
  }
  return { records: chain.records, keys: chain.keys.all(), problems, notes: chain.notes }
}

/** What the check has learnt so far. */
interface Chain {
  readonly keys: KnownKeys
  readonly hashes: Map<number, Digest>
  readonly records: JournalRecord[]
  readonly notes: string[]
}

function placeProblem(
  record: JournalRecord,
  expected: { readonly seq: number; readonly previous: Digest | null },
): string | null {
  const { seq } = record
  if (seq > expected.seq) {
    const missing = seq - expected.seq === 1 ? `record ${expected.seq}` : `records ${expected.seq} to ${seq - 1}`
    return `it stands where record ${expected.seq} belongs: ${missing} missing before it`
  }
  if (seq < expected.seq) return `it stands where record ${expected.seq} belongs: it was moved or repeated`
  if (expected.previous !== null && record.previous !== expected.previous) {
    return 'it does not continue the record before it: one of the two was changed or replaced'
  }
  return null
}

function contentProblem(record: JournalRecord, { keys, hashes, records, notes }: Chain): string | null {
  const { statement, signature, seal, hash, seq } = record
  if ((records[0] ?? record).statement.migration !== statement.migration) return 'it is of another migration'
  const keyProblem = takeKeys(record, keys, notes)
  if (keyProblem !== null) return keyProblem
  const sealer = keys.current('control-plane')
  if (sealer === undefined) return 'nothing before it introduces the key of the control plane'
  if (seal.key !== sealer.id) return `it is sealed with a foreign key (${seal.key.slice(0, 16)})`
  if (!isSignedBy(sealer.publicKey, seal, 'seal', hash)) return 'its seal is not valid'
  const signer = signerOf(statement.party, signature.key, keys)
  if (signer === undefined) return `it is signed with a foreign key (${signature.key.slice(0, 16)})`
  if (!isSignedBy(signer.publicKey, signature, 'statement', statement)) return 'its signature is not valid'
  const { seen } = statement
  if (seen !== null && (seen.seq >= seq || hashes.get(seen.seq) !== seen.hash)) {
    return `${statement.party} had seen another record ${seen.seq} when it signed: what came before was rewritten`
  }
  return null
}

/** Statements about a party are its own, or the control plane's account of it. */
function signerOf(party: KeyHolder, key: string, keys: KnownKeys): KnownKey | undefined {
  return [keys.current(party), keys.current('control-plane')].find((known) => known?.id === key)
}

/** Records about keys are the control plane's, and count from themselves on. */
function takeKeys(record: JournalRecord, keys: KnownKeys, notes: string[]): string | null {
  const { kind, body, party } = record.statement
  if (kind !== 'key-introduced' && kind !== 'key-forgotten') return null
  if (party !== 'control-plane') return `only the control plane writes ${kind}`
  if (kind === 'key-forgotten') {
    const forgotten = forgottenSchema.safeParse(body)
    if (!forgotten.success) return 'it does not say whose key is forgotten'
    keys.forget(forgotten.data.holder)
    notes.push(
      `record ${record.seq}: the key of ${forgotten.data.holder} was declared lost; its next one is taken on the control plane's word`,
    )
    return null
  }
  const introduction = introductionSchema.safeParse(body)
  if (!introduction.success) return 'it does not introduce a key'
  if (keys.introduce(introduction.data, record.seq)) return null
  return `it introduces a foreign key: the key before it of ${introduction.data.holder} does not endorse it`
}
