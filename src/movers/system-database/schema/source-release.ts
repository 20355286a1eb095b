import { type Release, releases } from '../../../model/release.ts'
import { catalogOf } from '../../../threescale/catalog.ts'
import { releaseFacts } from '../../../threescale/releases.ts'
import { fault } from '../faults.ts'
import type { SourceSession } from '../source-session.ts'
import type { SourceTable } from './source-catalog.ts'

/**
 * The 3scale release whose last migration the source has run; null when this is not a 3scale database.
 *
 * Faults: DB_RELEASE_UNKNOWN; DB_TABLE_MISSING and DB_COLUMN_HIDDEN where something of the release is not there.
 */
export async function releaseOf(source: SourceSession, tables: readonly SourceTable[]): Promise<Release | null> {
  const migrations = tables.find((table) => table.name === 'schema_migrations')
  const names = new Set(tables.map((table) => table.name))
  if (migrations === undefined || !names.has('accounts') || !names.has('cinstances')) return null
  const rows = await source.query(
    `SELECT MAX(version) FROM ${source.dialect.from(migrations)}`,
    'reading the schema version of schema_migrations',
  )
  const version = rows[0]?.[0] ?? ''
  // 2.12 and 2.13 share a schema; the table at hand tells nothing more, so the later one is named.
  const release = releases.findLast((candidate) => releaseFacts[candidate].lastMigration === version)
  // To take an unknown 3scale for any other database would leave out its triggers without a word.
  if (release === undefined) {
    throw fault('DB_RELEASE_UNKNOWN', { version: version || 'unknown', known: releases.join(', ') })
  }
  refuseMissing(release, tables)
  return release
}

function refuseMissing(release: Release, tables: readonly SourceTable[]): void {
  const there = new Map(tables.map((table) => [table.name, new Set(table.columns.map((column) => column.name))]))
  for (const { name: table, columns } of catalogOf(release)) {
    const found = there.get(table)
    if (found === undefined) throw fault('DB_TABLE_MISSING', { table, release })
    const hidden = columns.find((column) => !found.has(column.name))
    if (hidden !== undefined) throw fault('DB_COLUMN_HIDDEN', { table, column: hidden.name, release })
  }
}
