import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type EpochMs, systemClock } from '../../../src/base/clock.ts'
import { Fault } from '../../../src/base/fault.ts'
import { ledgerCleanup } from '../../../src/ledger/cleanup.ts'
import { fileLedger } from '../../../src/ledger/file-ledger.ts'
import type { Removal } from '../../../src/ports/cleanup.ts'
import type { Making } from '../../../src/ports/ledger.ts'

let dir = ''
let number = 0
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'threeshift-ledger-'))
})
after(() => rmSync(dir, { recursive: true, force: true }))

const making: Making = {
  migration: 'acme',
  owner: 'rhoam-eng',
  purpose: 'network',
  row: 'standalone-vpc',
  // Branding is what the casts are for.
  expiresAtMs: 4_102_444_800_000 as EpochMs,
  upkeep: 'remove',
}
const vpc = { kind: 'vpc', place: 'aws:1:eu', name: 'net' }
const subnet = { kind: 'subnet', place: 'aws:1:eu', name: 'net-1' }
const fresh = () => join(dir, `ledger-${number++}`, 'ledger.jsonl')
const { signal } = new AbortController()

test('a thing is intended, made and gone, and only changes are written', async () => {
  const file = fresh()
  const ledger = fileLedger(file, systemClock)
  await ledger.intend(vpc, making, { cidr: '10.2.0.0/26' })
  await ledger.intend(vpc, making)
  assert.deepEqual(
    (await ledger.list()).map(({ state, id }) => [state, id]),
    [['intended', null]],
  )
  await ledger.confirm(vpc, 'vpc-1')
  await ledger.confirm(vpc, 'vpc-1', { cidr: '10.2.0.0/26' })
  await ledger.confirm(vpc, null)
  await ledger.intend(vpc, making)
  const [entry] = await ledger.list()
  assert.deepEqual([entry?.state, entry?.id, entry?.details], ['made', 'vpc-1', { cidr: '10.2.0.0/26' }])
  await ledger.markGone(vpc)
  await ledger.markGone(vpc)
  assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, 3)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  await ledger.intend(vpc, making)
  assert.equal((await ledger.list())[0]?.state, 'intended', 'what was gone may be made again')
  await assert.rejects(ledger.confirm(subnet, 's'), /^Error: bug: /)
})

test('a line that a crash has cut off is no entry, and the next write takes its place', async () => {
  const file = fresh()
  await fileLedger(file, systemClock).intend(vpc, making)
  appendFileSync(file, '{"state":"made","thing":{"kind":"vp')
  const ledger = fileLedger(file, systemClock)
  assert.equal((await ledger.list()).length, 1)
  await ledger.confirm(vpc, 'vpc-1')
  assert.deepEqual(
    (await ledger.list()).map(({ state }) => state),
    ['made'],
  )
})

test('writes at the same moment are all kept, in an order', async () => {
  const ledger = fileLedger(fresh(), systemClock)
  const names = Array.from({ length: 40 }, (_, at) => `net-${at}`)
  await Promise.all(names.map((name) => ledger.intend({ ...vpc, name }, making)))
  assert.deepEqual(
    (await ledger.list()).map(({ thing }) => thing.name),
    names,
  )
})

test('a file that is no ledger is refused by its line, and nothing is taken for empty', async () => {
  const file = fresh()
  await fileLedger(file, systemClock).intend(vpc, making)
  appendFileSync(file, '{"state":"lost"}\n')
  const refused = await fileLedger(file, systemClock)
    .list()
    .catch((error: unknown) => error)
  assert.ok(refused instanceof Fault)
  assert.deepEqual([refused.code, refused.details['line']], ['LEDGER_UNREADABLE', 2])
  const folder = await fileLedger(dir, systemClock)
    .intend(vpc, making)
    .catch((error: unknown) => error)
  assert.equal(folder instanceof Fault && folder.code, 'LEDGER_FILE_FAILED')
})

test('cleanup goes by rank, then newest first; safety copies go when they have expired', async () => {
  const file = fresh()
  const ledger = fileLedger(file, systemClock)
  const expired = { ...making, upkeep: 'safety', expiresAtMs: 1 as EpochMs } as const
  await ledger.intend(vpc, making)
  await ledger.intend(subnet, making)
  await ledger.intend({ ...subnet, name: 'net-2' }, making)
  await ledger.intend({ ...subnet, kind: 'snapshot', name: 'old' }, expired)
  await ledger.intend({ ...subnet, kind: 'snapshot', name: 'needed' }, { ...making, upkeep: 'safety' })
  const removed: string[] = []
  const removal: Removal = {
    order: ['snapshot', 'subnet', 'vpc'],
    look: async () => 'ours',
    remove: async ({ thing }) => {
      removed.push(thing.name)
      return { kind: 'removed' }
    },
  }
  const request = { ledger: file, dryRun: false, safetyCopiesToo: false, onProgress: () => undefined, signal }
  const report = await ledgerCleanup(systemClock, async () => removal).run(request)
  assert.deepEqual(removed, ['old', 'net-2', 'net-1', 'net'])
  assert.equal(report.verdict, 'clean')
  assert.deepEqual(
    report.entries.filter(({ kind }) => kind === 'safety-copy').map(({ entry }) => entry.thing.name),
    ['needed'],
  )
})

test('a place that nobody knows fails its own things only', async () => {
  const file = fresh()
  writeFileSync(join(dir, 'empty.jsonl'), '')
  await fileLedger(file, systemClock).intend({ ...vpc, place: 'moon:1' }, making)
  const request = { ledger: file, dryRun: true, safetyCopiesToo: false, onProgress: () => undefined, signal }
  const report = await ledgerCleanup(systemClock, async () => null).run(request)
  assert.deepEqual(
    report.entries.map((each) => each.kind === 'failed' && each.code),
    ['LEDGER_UNKNOWN_KIND'],
  )
  const nothing = await ledgerCleanup(systemClock, async () => null).run({
    ...request,
    ledger: join(dir, 'empty.jsonl'),
  })
  assert.deepEqual(nothing, { verdict: 'clean', entries: [] })
})
