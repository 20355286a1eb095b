import { createHash } from 'node:crypto'
import { link, open, rm } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'
import { never } from '../../base/never.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import type { DumpFormat, DumpReceipt, DumpRequest } from '../../ports/dump.ts'
import type { ProgramEnd, ProgramRun, Programs } from '../../ports/programs.ts'
import { mysqlSettings, postgresSettings } from './client-settings.ts'
import { DumpEnds, endsWhole, programOf } from './dump-text.ts'
import { fault } from './faults.ts'

/**
 * See `DumpMover.dump`. The file has its name only when the program has ended with 0 and its last line is there: either
 * alone is also had by dumps that were cut off.
 */
export async function takeDump(programs: Programs, clock: Clock, request: DumpRequest): Promise<DumpReceipt> {
  const { from, file, signal, onProgress } = request
  const format = formatOf(from)
  const takenAtMs = clock.now()
  const began = clock.elapsedMs()
  if (await isThere(file)) throw fault('DUMP_FILE_THERE', { file })
  const partial = `${file}.partial`
  const handle = await open(partial, 'w', 0o600).catch((error: unknown) => Promise.reject(fileFault(partial, error)))
  try {
    const hash = createHash('sha256')
    const ends = new DumpEnds()
    let bytes = 0
    const onOutput = async (piece: Uint8Array) => {
      hash.update(piece)
      ends.add(piece)
      bytes += piece.length
      await handle.appendFile(piece).catch((error: unknown) => Promise.reject(fileFault(partial, error)))
      onProgress({ bytes, totalBytes: null, elapsedMs: clock.elapsedMs() - began })
    }
    const end = await runDumpProgram(programs, format, from, { input: null, onOutput, signal })
    if (end.exitCode !== 0) throw programFailed(format === 'postgres' ? 'pg_dump' : 'mysqldump', end)
    if (!endsWhole(format, ends.tail)) throw fault('DUMP_CUT', { what: `the dump of ${from.database}`, bytes })
    await handle.sync()
    // Unlike a rename, a link replaces nothing that has come meanwhile.
    await link(partial, file).catch((error: unknown) => Promise.reject(fileFault(file, error)))
    const sha256 = hash.digest('hex')
    return { format, database: from.database, takenAtMs, bytes, sha256, program: programOf(format, ends.head) }
  } finally {
    await handle.close()
    await rm(partial, { force: true })
  }
}

type Streams = Pick<ProgramRun, 'input' | 'onOutput' | 'signal'>

async function runDumpProgram(
  programs: Programs,
  format: DumpFormat,
  from: DatabaseAddress,
  streams: Streams,
): Promise<ProgramEnd> {
  switch (format) {
    case 'postgres': {
      const { args, env, secretFile } = postgresSettings(from)
      const how = ['--format=plain', '--no-owner', '--no-privileges', '--encoding=UTF8']
      return programs.withSecretFile(
        secretFile,
        (path) =>
          programs.run({ program: 'pg_dump', args: [...how, ...args], env: { ...env, PGPASSFILE: path }, ...streams }),
        streams,
      )
    }
    case 'mysql': {
      const own = await optionsOfMysqldump(programs, streams.signal)
      const how = [
        '--single-transaction',
        '--quick',
        '--routines',
        '--triggers',
        '--events',
        '--hex-blob',
        '--no-tablespaces',
        '--default-character-set=utf8mb4',
        '--max-allowed-packet=1G',
      ]
      return programs.withSecretFile(
        mysqlSettings(from),
        (path) => {
          // This option counts only as the first.
          const args = [`--defaults-extra-file=${path}`, ...how, ...own, from.database]
          return programs.run({ program: 'mysqldump', args, env: {}, ...streams })
        },
        streams,
      )
    }
    default:
      return never(format)
  }
}

/** MySQL's own program asks for rights and writes statements that no managed service takes, unless it is told not to. */
async function optionsOfMysqldump(programs: Programs, signal: AbortSignal): Promise<readonly string[]> {
  let said = ''
  const onOutput = (piece: Uint8Array) => {
    said += Buffer.from(piece).toString('latin1')
  }
  await programs.run({ program: 'mysqldump', args: ['--version'], env: {}, input: null, onOutput, signal })
  if (/mariadb/i.test(said)) return []
  return /Ver 8|Ver 9/.test(said) ? ['--set-gtid-purged=OFF', '--column-statistics=0'] : ['--set-gtid-purged=OFF']
}

export function formatOf({ engine }: DatabaseAddress): DumpFormat {
  switch (engine) {
    case 'postgresql':
      return 'postgres'
    case 'mysql':
      return 'mysql'
    default:
      return never(engine)
  }
}

/** Programs' own words may quote what they met; what is known of them is told in ours. */
export function programFailed(program: string, { exitCode, errorTail }: ProgramEnd) {
  const known: readonly (readonly [RegExp, string])[] = [
    [/authentication failed|Access denied/i, 'the database refuses user or password'],
    [/version mismatch/i, 'it is older than the server'],
    [/could not translate|Unknown MySQL server host/i, 'the name of the host is not known'],
    [/Connection refused|Can't connect|could not connect|timeout expired/i, 'the database cannot be reached'],
    [/permission denied|command denied/i, 'a right is missing'],
    [/certificate|SSL/i, 'the connection cannot be protected as asked'],
    [/does not exist|Unknown database/i, 'the database is not there'],
  ]
  const reason =
    known.find(([pattern]) => pattern.test(errorTail))?.[1] ?? 'for a reason that it does not name by a known word'
  return fault('DUMP_PROGRAM_FAILED', { program, exitCode: String(exitCode ?? 'none'), reason })
}

async function isThere(file: string): Promise<boolean> {
  return open(file).then(
    async (handle) => {
      await handle.close()
      return true
    },
    () => false,
  )
}

/** Node's own errors of files have a code. */
export function fileFault(file: string, error: unknown) {
  const { code = 'unknown' } = Object(error) as NodeJS.ErrnoException
  if (code === 'EEXIST') return fault('DUMP_FILE_THERE', { file }, error)
  return fault('DUMP_FILE_FAILED', { file, reason: code }, error)
}
