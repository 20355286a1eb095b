import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fault } from './faults.ts'
import { findProgram, searchPath } from './find-program.ts'

/**
 * The folder of a PostgreSQL server of the same version as the `pg_dump` in the search path: that refuses newer servers, and
 * the one that our packages bring is newer than most systems' clients.
 *
 * Faults: SERVER_PROGRAM_MISSING.
 */
export function postgresOfPgDump(path: string | undefined): string {
  const pgDump = findProgram('PostgreSQL', 'pg_dump', path === undefined ? {} : { path })
  const version = /\b(\d+)\./.exec(execFileSync(pgDump, ['--version'], { encoding: 'utf8' }))?.[1] ?? ''
  const folders = [
    // Debian's, Fedora's, Homebrew's; and wherever else it is found.
    `/usr/lib/postgresql/${version}/bin`,
    `/usr/pgsql-${version}/bin`,
    `/opt/homebrew/opt/postgresql@${version}/bin`,
    ...searchPath(path).split(':'),
  ]
  const found = folders.filter((folder) => folder !== '').map((folder) => join(folder, 'postgres'))
  const program = found.find((file) => existsSync(file))
  if (program === undefined) {
    const searched = folders.join(':')
    throw fault('SERVER_PROGRAM_MISSING', {
      server: `PostgreSQL ${version}`,
      program: 'postgres',
      searched,
      install: 'npm run setup',
    })
  }
  return dirname(program)
}
