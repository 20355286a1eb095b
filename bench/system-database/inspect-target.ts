import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import type { SourceData } from './source.ts'
import { onTarget, type Run, targetDatabase } from './target.ts'

/** What a move left in the target. */
export interface TargetState {
  /** What is missing or wrong, a sentence each; a move with any of them is not a move. */
  readonly problems: readonly string[]
  /** Of tables, indexes and long values. */
  readonly bytes: number
  /** Type of each column, by `table.column`. */
  readonly types: ReadonlyMap<string, string>
}

interface FoundTable {
  readonly name: string
  readonly relation: string
  readonly bytes: number
  readonly indexes: number
  readonly primary_keys: number
  readonly foreign_keys: number
  readonly sequence: string | null
  readonly types: Readonly<Record<string, string>>
}

/** Counts every table's rows, and looks for the keys, indexes and sequences; pgloader ends with 0 whatever is missing. */
export async function inspectTarget(
  server: LocalServer,
  source: SourceData,
  signal: AbortSignal,
): Promise<TargetState> {
  return onTarget(server, targetDatabase, signal, async (run) => {
    const found = await run<FoundTable & Record<string, unknown>>(
      await readFile(join(import.meta.dirname, 'inspect-target.sql'), 'utf8'),
    )
    const problems: string[] = []
    for (const { name, rows } of source.tables) {
      const table = found.find((candidate) => candidate.name === name)
      if (table === undefined) problems.push(`${name} is missing`)
      else problems.push(...(await problemsOf(run, table, rows)))
    }
    const total = (what: 'indexes' | 'primary_keys' | 'foreign_keys') =>
      found.reduce((sum, table) => sum + table[what], 0)
    const { indexes, foreignKeys } = source
    if (total('indexes') !== indexes) problems.push(`${total('indexes')} of ${indexes} indexes`)
    if (total('foreign_keys') !== foreignKeys) problems.push(`${total('foreign_keys')} of ${foreignKeys} foreign keys`)
    return {
      problems,
      bytes: found.reduce((sum, table) => sum + table.bytes, 0),
      types: new Map(
        found.flatMap((table) =>
          Object.entries(table.types).map(([column, type]) => [`${table.name}.${column}`, type]),
        ),
      ),
    }
  })
}

async function problemsOf(run: Run, table: FoundTable, rows: number): Promise<readonly string[]> {
  const { name, relation } = table
  const [counted] = await run<{ rows: number; greatest: number }>(
    `SELECT count(*)::float8 AS rows, max(id)::float8 AS greatest FROM ${relation}`,
  )
  const problems = counted?.rows === rows ? [] : [`${name} has ${counted?.rows} of ${rows} rows`]
  if (table.primary_keys !== 1) problems.push(`${name} has no primary key`)
  if (table.sequence === null) return [...problems, `${name} has no sequence`]
  const [sequence] = await run<{ last: number }>(`SELECT last_value::float8 AS last FROM ${table.sequence}`)
  if ((sequence?.last ?? 0) < (counted?.greatest ?? 0))
    problems.push(`the sequence of ${name} gives ids that are there`)
  return problems
}

/** Columns whose types differ, a sentence each. */
export function compareTypes(ours: TargetState, others: TargetState): readonly string[] {
  return [...ours.types].flatMap(([column, type]) => {
    const other = others.types.get(column)
    return other === type ? [] : [`${column} is ${other ?? 'missing'} and not ${type}`]
  })
}
