import { describeAddress } from '../../model/database-address.ts'
import type { EmptyRequest, LoadRequest } from '../../ports/dump.ts'
import type { Programs } from '../../ports/programs.ts'
import { checkedFile } from './checked-file.ts'
import { mysqlSettings } from './client-settings.ts'
import { fault } from './faults.ts'
import { programFailed } from './take-dump.ts'

const loadedMark = 'threeshift-loaded '

/**
 * Loads with mysql, which stops at the first error. Its database knows no transaction over tables, so what a load that failed
 * has left is taken away again. Out: how many tables there are.
 */
export async function loadMysql(
  programs: Programs,
  { file, receipt, into, emptyFirst, signal }: LoadRequest,
  onBytes: (bytes: number) => void,
): Promise<number> {
  const place = describeAddress(into)
  async function* input(): AsyncGenerator<Uint8Array> {
    yield* checkedFile(file, receipt, onBytes)
    yield Buffer.from(
      `\nSELECT CONCAT('${loadedMark}', COUNT(*)) FROM information_schema.tables WHERE table_schema = DATABASE();\n`,
    )
  }

  return programs.withSecretFile(
    mysqlSettings(into),
    async (path) => {
      const { run, asked, empty } = clientOf(programs, path, into.database)
      if (emptyFirst) await empty(signal)
      else if ((await asked(countThings, signal)) !== '0') throw fault('DUMP_TARGET_NOT_EMPTY', { place })
      try {
        const { end, said } = await run(input(), signal)
        const tables = new RegExp(`${loadedMark}(\\d+)$`).exec(said)?.[1]
        if (end.exitCode === 0 && end.inputTaken && tables !== undefined) return Number(tables)
        const code = /ERROR (\d+) \(/.exec(end.errorTail)?.[1] ?? `exit ${end.exitCode ?? 'unknown'}`
        const after = 'what it had loaded was taken away again, so the database is empty'
        throw fault('DUMP_LOAD_FAILED', { place, program: 'mysql', code, after })
      } catch (failure) {
        // Also after an abort: half a database must not be taken for a whole one.
        await empty(new AbortController().signal).catch((second: unknown) => {
          const says = 'a load failed, and what it had loaded could not be taken away'
          throw new AggregateError([failure, second], says, { cause: failure })
        })
        throw failure
      }
    },
    { signal },
  )
}

/** Takes away everything in the database, which keeps its character set. */
export async function emptyMysql(programs: Programs, { database, signal }: EmptyRequest): Promise<void> {
  await programs.withSecretFile(
    mysqlSettings(database),
    (path) => clientOf(programs, path, database.database).empty(signal),
    { signal },
  )
}

function clientOf(programs: Programs, secretFile: string, database: string) {
  const options = ['--batch', '--skip-column-names', '--default-character-set=utf8mb4', '--max-allowed-packet=1G']
  const run = async (input: AsyncIterable<Uint8Array>, signal: AbortSignal) => {
    let said = ''
    const onOutput = (piece: Uint8Array) => {
      said = (said + Buffer.from(piece).toString('utf8')).slice(-1000)
    }
    const args = [`--defaults-extra-file=${secretFile}`, ...options, '--binary-mode', database]
    const end = await programs.run({ program: 'mysql', args, env: {}, input, onOutput, signal })
    return { end, said: said.trim() }
  }
  const asked = async (sql: string, signal: AbortSignal): Promise<string> => {
    const { end, said } = await run(once(sql), signal)
    if (end.exitCode !== 0) throw programFailed('mysql', end)
    return said
  }
  const empty = async (signal: AbortSignal): Promise<void> => {
    const [charset = '', collation = ''] = (await asked(readCharset, signal)).split('\t')
    await asked(emptied(database, charset, collation), signal)
  }
  return { run, asked, empty }
}

const countThings = 'SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE();\n'
const readCharset =
  'SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = DATABASE();\n'

/** With its character set, or the database would get the server's. */
function emptied(database: string, charset: string, collation: string): string {
  const name = `\`${database.replaceAll('`', '``')}\``
  return `DROP DATABASE ${name};\nCREATE DATABASE ${name} CHARACTER SET ${charset} COLLATE ${collation};\n`
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
