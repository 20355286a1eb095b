import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { type MeasuredRun, runMeasured } from './run-measured.ts'
import { targetDatabase } from './target.ts'

export interface PgloaderOptions {
  /** Rows that a reader holds before they go out; the SOP says 10000, and 1000 where memory does not suffice. */
  readonly prefetchRows: number
  /** Of its heap; null: what it was built with, 1 GB. */
  readonly heapMb: number | null
  readonly compression: 'lz4' | 'pglz'
  /** True: its own choice of types, which is the SOP's. */
  readonly sopTypes: boolean
}

// Without these a datetime becomes a timestamptz and an int a bigint. What is not named here it chooses as we do.
const sameTypes = `CAST type datetime to timestamp drop typemod using zero-dates-to-null,
     type int with extra auto_increment to serial drop typemod,
     type int to integer drop typemod`

// Far above anything that it was ever seen to take; a heap that is exhausted may leave it hanging.
const longestMs = 45 * 60_000

/** Runs pgloader with the SOP's options. Its exit code says nothing: what it moved has to be looked at. */
export async function runPgloader(
  folder: string,
  servers: { readonly source: LocalServer; readonly target: LocalServer },
  database: string,
  options: PgloaderOptions,
  signal: AbortSignal,
): Promise<MeasuredRun> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'move.load')
  const from = url('mysql', servers.source, database)
  const into = url('pgsql', servers.target, targetDatabase)
  await writeFile(
    file,
    `LOAD DATABASE
     FROM ${from}
     INTO ${into}
WITH prefetch rows = ${options.prefetchRows}, include drop, create tables, create indexes, reset sequences, foreign keys,
     downcase identifiers, preserve index names
SET default_toast_compression to '${options.compression}'
${options.sopTypes ? '' : sameTypes};
`,
    { mode: 0o600 },
  )
  const heap = options.heapMb === null ? [] : ['--dynamic-space-size', String(options.heapMb)]
  return runMeasured('pgloader', [...heap, '--root-dir', join(folder, 'root'), file], {
    cwd: folder,
    env: { HOME: folder },
    longestMs,
    signal,
  })
}

/** What pgloader itself says went wrong, shortened; it ends with exit code 0 all the same. */
export function pgloaderComplaints(run: MeasuredRun): readonly string[] {
  const lines = `${run.stdout}\n${run.stderr}`.split('\n')
  const said = lines.filter((line) => /heap exhausted|\b(?:ERROR|FATAL|CRITICAL)\b|fatal error/i.test(line))
  const mostLines = 5
  const mostCharacters = 200
  return [
    ...(run.how === 'exit code 0' ? [] : [run.how]),
    ...said.slice(0, mostLines).map((line) => line.trim().slice(0, mostCharacters)),
  ]
}

function url(scheme: 'mysql' | 'pgsql', server: LocalServer, database: string): string {
  const password = server.password.reveal('let pgloader in, by a file that only its owner reads')
  return `${scheme}://${server.user}:${password}@${server.host}:${server.port}/${database}`
}
