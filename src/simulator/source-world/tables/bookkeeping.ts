import { releaseFacts, releases, type Release } from '../../../threescale/releases.ts'
import { datetime6, worldNow } from '../calendar.ts'
import type { Outline } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'

/** Rails' own two tables. */
export function bookkeepingTables(outline: Outline): TableRows[] {
  return [
    { table: 'schema_migrations', rows: () => migrationVersions(outline.release).map((version) => ({ version })) },
    { table: 'ar_internal_metadata', rows: () => metadata() },
  ]
}

/**
 * As many versions as the release has migrations, ascending, the last one being the release's real last.
 *
 * The others are made up, but the same for every world, and each release only adds to those before it, as in 3scale.
 */
export function migrationVersions(release: Release): string[] {
  const versions: string[] = []
  let from = Date.UTC(2008, 2, 4, 12, 15, 7)
  for (const one of releases) {
    const { lastMigration, migrations } = releaseFacts[one]
    const missing = migrations - versions.length
    const to = instantOf(lastMigration)
    for (let i = 1; i < missing; i++) versions.push(versionOf(from + Math.floor(((to - from) * i) / missing)))
    if (missing > 0) versions.push(lastMigration)
    from = to
    if (one === release) break
  }
  return versions
}

function versionOf(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/\D/g, '').slice(0, 14)
}

function instantOf(version: string): number {
  const [year, month, day, hour, minute, second] = [version.slice(0, 4), ...(version.slice(4).match(/../g) ?? [])].map(
    Number,
  )
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
}

function* metadata(): Generator<Row> {
  const at = datetime6(worldNow, 123_456)
  yield { key: 'environment', value: 'production', created_at: at, updated_at: at }
}
