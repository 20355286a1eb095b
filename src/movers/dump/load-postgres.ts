import { type DatabaseAddress, describeAddress } from '../../model/database-address.ts'
import type { EmptyRequest, LoadRequest } from '../../ports/dump.ts'
import type { ProgramEnd, ProgramRun, Programs } from '../../ports/programs.ts'
import { checkedFile } from './checked-file.ts'
import { postgresSettings } from './client-settings.ts'
import { fault } from './faults.ts'
import { programFailed } from './take-dump.ts'

/** Of our own, for a database that is not empty. */
const notEmptyState = 'TS001'
const loadedMark = 'threeshift-loaded '

const refuseUnlessEmpty = `
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f'))
  THEN RAISE EXCEPTION USING ERRCODE = '${notEmptyState}', MESSAGE = 'not empty'; END IF;
END $$;
`

/** Every schema but the server's own goes: a table that only the newer release knows would stay otherwise. */
const emptyEverything = `
DO $$ DECLARE schema_name text; BEGIN
  FOR schema_name IN SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  LOOP EXECUTE pg_catalog.format('DROP SCHEMA %I CASCADE', schema_name); END LOOP;
END $$;
CREATE SCHEMA public;
`

/** A dump leaves the session with an empty search path. */
const countTables = `
SELECT '${loadedMark}' || pg_catalog.count(*) FROM pg_catalog.pg_tables
WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema';
`

/**
 * Loads with psql in one transaction, which is ended by us, after the last byte was the right one: psql's own would be
 * committed at the end of its input, also when that was cut off. Out: how many tables there are.
 *
 * With only the SQLSTATE of an error on standard error, no row gets there.
 */
export async function loadPostgres(
  programs: Programs,
  { file, receipt, into, emptyFirst, signal }: LoadRequest,
  onBytes: (bytes: number) => void,
): Promise<number> {
  let said = ''
  const onOutput = (piece: Uint8Array) => {
    // What a dump's own statements print is of no use.
    said = (said + Buffer.from(piece).toString('latin1')).slice(-200)
  }
  async function* input(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`BEGIN;${emptyFirst ? emptyEverything : refuseUnlessEmpty}`)
    yield* checkedFile(file, receipt, onBytes)
    yield Buffer.from(`\nCOMMIT;${countTables}`)
  }
  const end = await runPsql(programs, into, { input: input(), onOutput, signal })
  const tables = new RegExp(`${loadedMark}(\\d+)\\s*$`).exec(said)?.[1]
  if (end.exitCode === 0 && end.inputTaken && tables !== undefined) return Number(tables)
  const place = describeAddress(into)
  const code = /ERROR:\s+([0-9A-Z]{5})\b/.exec(end.errorTail)?.[1]
  if (code === notEmptyState) throw fault('DUMP_TARGET_NOT_EMPTY', { place })
  // 2: it could not connect, or was cut off; 3: a statement failed.
  if (code === undefined && end.exitCode === 2) throw programFailed('psql', end)
  throw fault('DUMP_LOAD_FAILED', { place, program: 'psql', code: code ?? exitOf(end), after: asItWas })
}

const asItWas = 'the transaction was rolled back, so the database is as it was'
const exitOf = ({ exitCode }: ProgramEnd): string => `exit ${exitCode ?? 'unknown'}`

/** Takes away every schema but the server's own, in one transaction, and makes an empty `public`. */
export async function emptyPostgres(programs: Programs, { database, signal }: EmptyRequest): Promise<void> {
  const end = await runPsql(programs, database, { input: emptying(), onOutput: () => undefined, signal })
  if (end.exitCode === 0 && end.inputTaken) return
  const code = /ERROR:\s+([0-9A-Z]{5})\b/.exec(end.errorTail)?.[1]
  if (code === undefined && end.exitCode === 2) throw programFailed('psql', end)
  const place = describeAddress(database)
  throw fault('DUMP_LOAD_FAILED', { place, program: 'psql', code: code ?? exitOf(end), after: asItWas })
}

async function* emptying(): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`BEGIN;${emptyEverything}COMMIT;`)
}

async function runPsql(
  programs: Programs,
  database: DatabaseAddress,
  streams: Pick<ProgramRun, 'input' | 'onOutput' | 'signal'>,
): Promise<ProgramEnd> {
  const { args, env, secretFile } = postgresSettings(database)
  const how = [
    '--no-psqlrc',
    '--quiet',
    '--no-align',
    '--tuples-only',
    '--set=ON_ERROR_STOP=1',
    '--set=VERBOSITY=sqlstate',
  ]
  return programs.withSecretFile(
    secretFile,
    (path) => programs.run({ program: 'psql', args: [...how, ...args], env: { ...env, PGPASSFILE: path }, ...streams }),
    { signal: streams.signal },
  )
}
