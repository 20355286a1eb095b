import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import { Fault } from '../../src/base/fault.ts'
import { databaseJournal, forgetKey } from '../../src/engine/journal/append.ts'
import { checkChain } from '../../src/evidence/check-chain.ts'
import { loadOrCreateKey, rotateKey } from '../../src/evidence/key-file.ts'
import type { JournalEntry } from '../../src/ports/journal.ts'
import { completionOf, type DeskBench, openDeskBench, taskOf } from '../support/agent-desk.ts'
import { makeKey } from '../support/chains.ts'
import { Child } from '../support/child.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const writer = fileURLToPath(new URL('../support/programs/append-until-killed.ts', import.meta.url))

function entryOf(key: string, part: Partial<JournalEntry> = {}): JournalEntry {
  return {
    key,
    migration: 'm',
    party: 'rhoam-eng',
    actor: 'x-1',
    row: 'dump',
    verb: 'apply',
    generation: 1,
    kind: 'verb-started',
    body: {},
    ...part,
  }
}

describe('the journal in its database', () => {
  let folder: string
  let bench: DeskBench
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threeshift-journal-'))
    bench = await openDeskBench(servers, { sendOutcome: async () => undefined })
  })
  after(async () => {
    await bench.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('writers that are killed leave one chain without a fork, with all that they had said was stored', async () => {
    const keys = join(folder, 'keys')
    const env = { URL: bench.url.reveal('a writer'), KEYS: keys }
    const first = [new Child([writer], { ...env, NAME: 'a' }), new Child([writer], { ...env, NAME: 'b' })]
    await Promise.all(first.map((child) => child.said((line) => line === '20')))
    await Promise.all(first.map((child) => child.signal('SIGKILL')))
    const second = new Child([writer], { ...env, NAME: 'c' })
    await second.said((line) => line === '5')
    await second.signal('SIGKILL')
    const { problems, records } = checkChain(await bench.lines('acme'))
    assert.deepEqual(problems, [])
    for (const [name, child] of [
      ['a', first[0]],
      ['b', first[1]],
      ['c', second],
    ] as const) {
      const told = Number(child?.lines.at(-1))
      const stored = records
        .filter(({ statement }) => statement.actor === name)
        .map(({ statement }) => statement.body.attempt)
      assert.ok(stored.length >= told + 1 && stored.length <= told + 2, `${stored.length} stored, ${told + 1} told`)
      assert.deepEqual(
        stored,
        stored.map((_, at) => at),
      )
    }
  })

  test('an entry with a key that is there is not added again, and chains of migrations do not mix', async () => {
    await bench.journal.append(entryOf('one'))
    await bench.journal.append(entryOf('one', { body: { says: 'again' } }))
    await bench.journal.append(entryOf('one', { migration: 'n' }))
    const { records, problems } = checkChain(await bench.lines('m'))
    assert.deepEqual(problems, [])
    assert.deepEqual(
      records.map(({ statement }) => statement.kind),
      ['key-introduced', 'verb-started'],
    )
    assert.equal((await bench.lines('n')).length, 2)
  })

  test('a body is redacted before it is stored, and a Secret in it stores nothing', async () => {
    await bench.journal.append(
      entryOf('r', { migration: 'r', body: { says: 'postgres://a:hunter2@db/x', zzz: 'hunter2' } }),
    )
    assert.ok(!(await bench.lines('r')).join().includes('hunter2'))
    const body = { result: { password: new Secret('hunter2') } } as unknown as JournalEntry['body']
    await assert.rejects(bench.journal.append(entryOf('s', { migration: 'r', body })), TypeError)
    assert.equal((await bench.lines('r')).length, 2)
  })

  test('a rotated key of the control plane continues the chain; a foreign one is refused and nothing is written', async () => {
    const keys = join(folder, 'rotating')
    const journal = databaseJournal(bench.database, () => loadOrCreateKey(keys, 'control-plane'), systemClock)
    await journal.append(entryOf('1', { migration: 'rotated' }))
    await rotateKey(keys, 'control-plane')
    await rotateKey(keys, 'control-plane')
    await journal.append(entryOf('2', { migration: 'rotated' }))
    const before = await bench.lines('rotated')
    const checked = checkChain(before)
    assert.deepEqual(checked.problems, [])
    assert.equal(checked.keys.length, 2)
    const foreign = databaseJournal(bench.database, async () => makeKey('control-plane'), systemClock)
    await assert.rejects(
      foreign.append(entryOf('3', { migration: 'rotated' })),
      (error) => error instanceof Fault && error.code === 'EVIDENCE_KEY_FOREIGN',
    )
    assert.deepEqual(await bench.lines('rotated'), before)
  })

  test('a party’s key is rotated with its endorsement, and after it was declared lost taken without, which the chain says', async () => {
    const agent = await bench.caller('customer')
    const report = async (number: number, key: ReturnType<typeof makeKey>) => {
      const task = taskOf({ id: `k${number}`, migration: 'keys', row: `r${number}` })
      await bench.desk.presentKeys(agent, key.lineage)
      await bench.tasks.request(task)
      const leased = await bench.desk.lease(agent, { waitMs: 0, signal: new AbortController().signal })
      assert.ok(leased)
      await bench.desk.complete(agent, completionOf(leased, task, agent, key))
    }
    const first = makeKey('customer')
    await report(1, first)
    await report(2, makeKey('customer', first))
    const stranger = makeKey('customer')
    await assert.rejects(bench.desk.presentKeys(agent, stranger.lineage))
    await forgetKey(bench.database, 'customer', { by: 'ops', key: bench.key, clock: systemClock })
    await report(3, stranger)
    const { problems, notes, records } = checkChain(await bench.lines('keys'))
    assert.deepEqual(problems, [])
    assert.equal(notes.length, 1)
    assert.equal(records.filter(({ statement }) => statement.kind === 'verb-reported').length, 3)
  })
})
