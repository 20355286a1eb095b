import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { releases } from '../../../src/model/release.ts'
import { edgeCasesOf } from '../../../src/simulator/source-world/edge-rows.ts'
import { encodeInserts } from '../../../src/simulator/source-world/encode-insert.ts'
import { drawOutline, type OutlineOptions } from '../../../src/simulator/source-world/draw-outline.ts'
import { queueCommands, storageCommands } from '../../../src/simulator/source-world/redis-keys.ts'
import { migrationVersions } from '../../../src/simulator/source-world/tables/bookkeeping.ts'
import { effectivelyDeadTables } from '../../../src/simulator/source-world/tables/dead.ts'
import { worldTables } from '../../../src/simulator/source-world/world-tables.ts'
import { catalogOf } from '../../../src/threescale/catalog.ts'
import { releaseFacts } from '../../../src/threescale/releases.ts'

const small: OutlineOptions = { release: '2.16', tenants: 4, scale: 0.05, seed: 7 }

/** Every row and key of a world, as one digest, and the rows per table. */
function made(options: OutlineOptions): { readonly digest: string; readonly rows: ReadonlyMap<string, number> } {
  const outline = drawOutline(options)
  const hash = createHash('sha256')
  const rows = new Map<string, number>()
  for (const source of worldTables(outline)) {
    for (const batch of encodeInserts(source, outline.columnsOf(source.table), 64 * 1024)) {
      hash.update(batch.sql)
      rows.set(source.table, (rows.get(source.table) ?? 0) + batch.rows)
    }
  }
  for (const command of [...storageCommands(outline), ...queueCommands(outline)]) hash.update(JSON.stringify(command))
  return { digest: hash.digest('hex'), rows }
}

describe('a world', () => {
  test('has the same bytes for the same options, and others for another seed', () => {
    assert.equal(made(small).digest, made(small).digest)
    assert.notEqual(made(small).digest, made({ ...small, seed: 8 }).digest)
    assert.notEqual(made(small).digest, made({ ...small, seed: 7 + 2 ** 40 }).digest)
  })

  for (const release of releases) {
    test(`of ${release} has rows in every table of that release, and in no other`, () => {
      const names = catalogOf(release).map((table) => table.name)
      assert.deepEqual([...made({ ...small, release }).rows.keys()].sort(), names.sort())
    })

    test(`of ${release} has that release's migrations, the last one at the end`, () => {
      const versions = migrationVersions(release)
      assert.equal(versions.length, releaseFacts[release].migrations)
      assert.equal(versions.at(-1), releaseFacts[release].lastMigration)
      assert.deepEqual([...new Set(versions)].sort(), versions)
    })
  }

  test('of one tenant with next to nothing is whole all the same', () => {
    assert.equal(made({ ...small, tenants: 1, scale: 0.001 }).rows.size, catalogOf('2.16').length)
  })

  test('has only a handful of rows in the tables that 3scale no longer fills', () => {
    const { rows } = made({ ...small, tenants: 20 })
    for (const table of effectivelyDeadTables) assert.ok((rows.get(table) ?? 0) <= 5, table)
  })

  test('writes each Redis key once', () => {
    const outline = drawOutline(small)
    const keys = [...storageCommands(outline)].map((command) => command[1])
    assert.equal(new Set(keys).size, keys.length)
  })

  test('grows with its scale', () => {
    const ratio = (total(0.8) - total(0.4)) / (total(0.4) - total(0.2))
    assert.ok(ratio > 1.8 && ratio < 2.2, `doubling the scale multiplied the growth by ${ratio}`)
  })

  test('has edge rows whose ids and cases are unique', () => {
    for (const release of releases) {
      const cases = edgeCasesOf(release)
      assert.equal(new Set(cases.map((edge) => edge.id)).size, cases.length)
      assert.equal(new Set(cases.map((edge) => `${edge.table} ${edge.key.value}`)).size, cases.length)
    }
  })
})

function total(scale: number): number {
  return [...made({ ...small, scale }).rows.values()].reduce((a, b) => a + b, 0)
}
