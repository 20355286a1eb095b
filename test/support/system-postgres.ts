import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * The folder of a PostgreSQL server of the same version as the `pg_dump` in the search path: that refuses newer servers, and the
 * one that the packages bring is newer than most systems' clients.
 */
export function systemPostgresPrograms(): string {
  const version = /\b(\d+)\./.exec(execFileSync('pg_dump', ['--version'], { encoding: 'utf8' }))?.[1] ?? ''
  const folders = [`/usr/lib/postgresql/${version}/bin`, `/usr/pgsql-${version}/bin`, '/usr/bin', '/opt/homebrew/bin']
  const found = folders.map((folder) => `${folder}/postgres`).find((file) => existsSync(file))
  if (found === undefined)
    throw new Error(`no PostgreSQL ${version} server is installed: run \`npm run setup -- --for test\``)
  return dirname(found)
}
