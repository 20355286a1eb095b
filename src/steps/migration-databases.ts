import type { Migration } from '../model/migration.ts'

/** The instance that holds a database of the source's own kind. */
export function migrationDatabaseName(migration: Migration): string {
  return `threeshift-${migration.name}-source`
}
