import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CanonicalRow } from '../../../../src/movers/system-database/verify/canonical-row.ts'
import { asIs } from '../../../../src/movers/system-database/verify/canonical-target.ts'
import { digestTable } from '../../../../src/movers/system-database/verify/digest-table.ts'
import { KeyHash } from '../../../../src/movers/system-database/verify/key-hash.ts'
import { narrow } from '../../../../src/movers/system-database/verify/narrow.ts'
import type { Partition } from '../../../../src/movers/system-database/verify/partition.ts'
import { changedAt, type TableLedger } from '../../../../src/movers/system-database/verify/read-ledger.ts'
import type { Side } from '../../../../src/movers/system-database/verify/side.ts'
import type { TableMove } from '../../../../src/movers/system-database/table-move.ts'
import type { Difference } from '../../../../src/ports/system-database.ts'
import { RowFields } from '../../../../src/wire/mysql/row-fields.ts'
import { RowSum } from '../../../../src/movers/system-database/row-hash.ts'
import type { PulledRows } from '../../../../src/wire/pulled-rows.ts'
import { TupleFields } from '../../../../src/wire/postgres/tuple-fields.ts'
import { moveOfTypes } from '../../../support/encode-values.ts'
import { packetOf, tupleOf } from '../../../support/wire-rows.ts'

type Cells = readonly (Buffer | null)[]

const types = ['bigint', 'bigint', 'varbinary(50)', 'longblob', 'blob']
const noEntries = { words: new Uint32Array(0), wordsPerEntry: 1, count: 0 }
const noLedger: TableLedger = {
  changed: noEntries,
  setAside: noEntries,
  counts: { copy: 0, rename: 0, declaration: 0 },
  kinds: [],
  sum: new RowSum(),
  filters: { source: [], target: [] },
  untrue: [],
}
const hashed: Partition = { kind: 'hash', count: 64 }
const byId: Partition = {
  kind: 'range',
  count: 10,
  column: 'c0',
  position: 0,
  min: -500,
  max: 499,
  width: 100,
  within: { column: 'c0', from: null, to: null },
}

/** What names a row in each of the tables that are tried, and how that divides it. */
const keys: readonly (readonly [what: string, key: readonly number[], partition: Partition])[] = [
  ['ranges of an integer key', [0], byId],
  ['the hash of an integer key', [0], hashed],
  ['the hash of a text key', [2], hashed],
  ['the hash of a key of two columns', [2, 0], hashed],
  ['no key', [], hashed],
]

function moveWith(key: readonly number[]): TableMove {
  return { ...moveOfTypes(types.map((type) => ({ type, charset: null }))), key, tenant: 1 }
}

function pulled(rows: readonly Buffer[]): PulledRows {
  let at = -1
  const step = { columnCount: types.length, bytes: Buffer.alloc(0), start: 0, end: 0 }
  return Object.assign(step, {
    more: async () => at + 1 < rows.length,
    next: () => {
      const row = rows[++at]
      if (row === undefined) return false
      Object.assign(step, { bytes: row, end: row.length })
      return true
    },
    abandon: () => undefined,
  })
}

/** A server that holds these rows, text throughout; ranges are of the first column. */
function sideOf(name: Side['name'], rows: readonly Cells[], ledger = noLedger): Side {
  const encode = name === 'source' ? packetOf : tupleOf
  return {
    name,
    rows: async (range) => {
      const within = rows.filter(([id]) => {
        const number = Number(id?.toString())
        return range === null || (number >= (range.from ?? -Infinity) && number <= (range.to ?? Infinity))
      })
      return pulled(within.map(encode))
    },
    canonicalRow: () => {
      const fields = name === 'source' ? new RowFields(types.length) : new TupleFields(types.length)
      return new CanonicalRow(
        fields,
        types.map(() => asIs),
      )
    },
    ledger,
  }
}

async function compare(
  source: Side,
  target: Side,
  key: readonly number[],
  partition: Partition,
): Promise<{ readonly equal: boolean; readonly tenantsEqual: boolean; readonly differences: readonly Difference[] }> {
  const move = moveWith(key)
  const [left, right] = [await digestTable(source, move, partition), await digestTable(target, move, partition)]
  const { differences } = await narrow({ source, target, move }, partition, left, right, 20)
  const tenantsEqual = [...left.tenants].every(([tenant, sum]) => right.tenants.get(tenant)?.equals(sum) === true)
  return { equal: left.sum.equals(right.sum), tenantsEqual, differences }
}

const tables: fc.Arbitrary<readonly Cells[]> = fc.uniqueArray(
  fc
    .tuple(
      fc.integer({ min: -700, max: 700 }),
      fc.option(fc.integer({ min: 1, max: 3 })),
      fc.option(fc.uint8Array({ maxLength: 60 })),
      fc.option(fc.integer({ min: 4000, max: 5000 }).map((length) => new Uint8Array(length))),
    )
    .map(
      ([id, tenant, bytes, long]): Cells => [
        Buffer.from(String(id)),
        tenant === null ? null : Buffer.from(String(tenant)),
        Buffer.from(`k,\\${id}`),
        long === null ? null : Buffer.from(long),
        bytes === null ? null : Buffer.from(bytes),
      ],
    ),
  { selector: ([id]) => id?.toString(), minLength: 1, maxLength: 40 },
)

test('the same rows are equal in any order, with none to narrow down to', async () => {
  for (const [what, key, partition] of keys) {
    await fc.assert(
      fc.asyncProperty(tables, async (rows) => {
        const outcome = await compare(sideOf('source', rows), sideOf('target', rows.toReversed()), key, partition)
        assert.deepEqual(outcome, { equal: true, tenantsEqual: true, differences: [] }, what)
      }),
      { numRuns: 30 },
    )
  }
})

/** Another value for a cell: one byte changed, NULL for '' and the other way round, a byte more. */
function changedCell(cell: Buffer | null, place: number, way: number): Buffer | null {
  if (cell === null) return Buffer.alloc(0)
  if (cell.length === 0) return null
  if (way === 0) return Buffer.concat([cell, Buffer.from([0])])
  const changed = Buffer.from(cell)
  const at = place % cell.length
  changed[at] = (changed[at] ?? 0) ^ (1 << (way - 1))
  return changed
}

test('any cell that is changed in any byte on either side is found, and its row and column are named', async () => {
  for (const [what, key, partition] of keys) {
    const free = types.flatMap((_, i) => (key.includes(i) ? [] : i))
    await fc.assert(
      fc.asyncProperty(
        tables,
        fc.nat(),
        fc.nat(),
        fc.nat(),
        fc.nat(8),
        fc.boolean(),
        async (rows, whichRow, whichColumn, place, way, onSource) => {
          const row = whichRow % rows.length
          const column = free[whichColumn % free.length] ?? 1
          const changed = rows.map((cells, i) =>
            i === row ? cells.map((cell, j) => (j === column ? changedCell(cell, place, way) : cell)) : cells,
          )
          const [here, there] = onSource ? [changed, rows] : [rows, changed]
          const outcome = await compare(sideOf('source', here), sideOf('target', there), key, partition)
          assert.equal(outcome.equal, false, what)
          assert.equal(outcome.tenantsEqual, false, what)
          const kinds = outcome.differences.map((d) =>
            d.kind === 'changed-row' ? `${d.kind} ${d.columns.join()}` : d.kind,
          )
          assert.deepEqual(kinds, key.length === 0 ? ['missing-row', 'extra-row'] : [`changed-row c${column}`], what)
        },
      ),
      { numRuns: 60 },
    )
  }
})

test('a row that is lost, is there twice, or came from nowhere is found on the side where it is', async () => {
  for (const [what, key, partition] of keys) {
    await fc.assert(
      fc.asyncProperty(tables, fc.nat(), fc.boolean(), async (rows, which, twice) => {
        const row = which % rows.length
        const other = rows.flatMap((cells, i) => (i !== row ? [cells] : twice ? [cells, cells] : []))
        const kindOf = async (here: readonly Cells[], there: readonly Cells[]) => {
          const outcome = await compare(sideOf('source', here), sideOf('target', there), key, partition)
          assert.equal(outcome.equal, false, what)
          return outcome.differences.map(({ kind }) => kind)
        }
        assert.deepEqual(await kindOf(rows, other), [twice ? 'extra-row' : 'missing-row'], what)
        assert.deepEqual(await kindOf(other, rows), [twice ? 'missing-row' : 'extra-row'], what)
      }),
      { numRuns: 30 },
    )
  }
})

test('values that change places between rows are found', async () => {
  for (const [what, key, partition] of keys) {
    const rows = [1, 2].map(
      (id): Cells => [Buffer.from(String(id)), null, Buffer.from(`k${id}`), null, Buffer.from(`value ${id}`)],
    )
    const swapped = rows.map((cells, i) => [...cells.slice(0, 4), rows[1 - i]?.[4] ?? null])
    const outcome = await compare(sideOf('source', rows), sideOf('target', swapped), key, partition)
    assert.equal(outcome.equal, false, what)
    assert.equal(outcome.differences.length, key.length === 0 ? 4 : 2, what)
  }
})

/** A ledger that declares the last column of row 7: `old` at the source, `now` at the target. */
function ledgerOf(old: Buffer, now: Buffer | null): TableLedger {
  const words = new Uint32Array(13)
  const move = moveWith([0])
  const row = new CanonicalRow(new TupleFields(0), [])
  const put = (cell: Buffer | null, at: number) => {
    row.take([cell])
    words.set(row.digest(), at)
  }
  put(old, changedAt.sourceCell)
  put(now, changedAt.targetCell)
  const key = new CanonicalRow(
    new RowFields(types.length),
    types.map(() => asIs),
  )
  const packet = packetOf([Buffer.from('7'), null, null, null, null])
  key.read(packet, 0, packet.length)
  const hash = new KeyHash(move).of(key).slice(0, 2)
  words.set(hash, changedAt.sourceKey)
  words.set(hash, changedAt.targetKey)
  const says = { source: true, target: true }
  const kinds = [{ column: 'c4', position: 4, reason: 'undecodable-text', origin: 'copy' as const, says }]
  const changed = { words, wordsPerEntry: 13, count: 1 }
  return { ...noLedger, changed, counts: { ...noLedger.counts, copy: 1 }, kinds }
}

function rowWith(cell: Buffer | null): Cells {
  return [Buffer.from('7'), null, Buffer.from('k'), null, cell]
}

test('a declared cell is left out on both sides, but only where both hold what is declared', async () => {
  const [old, now] = [Buffer.from([0xff]), Buffer.from('\uFFFD')]
  const move = moveWith([0])
  const met = async (cell: Buffer | null, name: Side['name'], partition: Partition) => {
    const digest = await digestTable(sideOf(name, [rowWith(cell)], ledgerOf(old, now)), move, partition)
    return { hex: digest.sum.hex, cells: digest.matched.copy, says: digest.ledgerDifferences.length }
  }
  for (const partition of [hashed, byId]) {
    const left = await met(old, 'source', partition)
    assert.deepEqual(await met(now, 'target', partition), left)
    assert.deepEqual({ ...left, hex: '' }, { hex: '', cells: 1, says: 0 })
    for (const cell of [null, Buffer.alloc(0), Buffer.from('other')]) {
      assert.equal((await met(cell, 'source', partition)).says, 1)
      assert.equal((await met(cell, 'target', partition)).says, 1)
    }
  }
})
