import type { EpochMs } from '../../src/base/clock.ts'
import { type Head, recordLine, sealRecord } from '../../src/evidence/record.ts'
import { generateKey, type SigningKey, signingKey } from '../../src/evidence/signing-key.ts'
import type { JournalRecord, KeyHolder, Statement } from '../../src/model/evidence.ts'
import type { JsonObject } from '../../src/model/json.ts'

/** A fresh key, or the one after `before`. */
export function makeKey(holder: KeyHolder, before?: SigningKey): SigningKey {
  const { privateKey, lineage } = generateKey(holder, before)
  return signingKey(holder, privateKey, lineage)
}

/** A chain in memory that may be given anything, valid or not. */
export class TestChain {
  readonly records: JournalRecord[] = []
  sealer: SigningKey

  constructor(sealer: SigningKey) {
    this.sealer = sealer
    this.introduce(sealer)
  }

  get head(): Head | null {
    const last = this.records.at(-1)
    return last === undefined ? null : { seq: last.seq, hash: last.hash }
  }

  get lines(): readonly string[] {
    return this.records.map(recordLine)
  }

  add(statement: Statement, signer: SigningKey): JournalRecord {
    const record = sealRecord(this.head, statement, signer.sign('statement', statement), this.sealer)
    this.records.push(record)
    return record
  }

  introduce(key: SigningKey): void {
    const body = { holder: key.holder, lineage: key.lineage }
    this.add(statementOf({ party: 'control-plane', kind: 'key-introduced', body }), this.sealer)
  }
}

export function statementOf(part: Partial<Omit<Statement, 'body'>> & { readonly body?: JsonObject }): Statement {
  const { body, ...rest } = part
  return {
    migration: 'acme',
    party: 'customer',
    actor: 'ann',
    // Some moment.
    at: 1_790_000_000_000 as EpochMs,
    kind: 'verb-reported',
    row: 'dump',
    verb: 'apply',
    generation: 1,
    seen: null,
    ...rest,
    body: { ...body },
  }
}

/** Control plane and customer, and `length` records in all. */
export function sampleChain(length: number): { readonly chain: TestChain; readonly customer: SigningKey } {
  const chain = new TestChain(makeKey('control-plane'))
  const customer = makeKey('customer')
  chain.introduce(customer)
  while (chain.records.length < length) {
    const seen = chain.head
    const says = `record ${chain.records.length} – “done”`
    chain.add(statementOf({ seen, body: { says, measured: [1, 2.5, null, true] } }), customer)
  }
  return { chain, customer }
}
