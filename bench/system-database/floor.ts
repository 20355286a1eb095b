import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { treeCpuMs } from './process-cpu.ts'
import type { SourceData } from './source.ts'
import { onTarget, type Run, type Target, targetDatabase } from './target.ts'

/** Everything that PostgreSQL needs for making a target, and nothing that anybody has to convert. */
export interface Tuples {
  readonly tables: readonly { readonly name: string; readonly create: string; readonly file: string }[]
  readonly indexes: readonly string[]
  readonly foreignKeys: readonly string[]
  readonly sequences: readonly string[]
}

export interface Part {
  readonly ms: number
  readonly cpuMs: number
}

export type FloorPart = 'copy' | 'indexes' | 'keys' | 'reread'

/** Takes the tuples of a whole copy that stands in the target, as files that the server reads. */
export async function takeTuples(target: Target, source: SourceData, signal: AbortSignal): Promise<Tuples> {
  return onTarget(target.server, targetDatabase, signal, async (run) => {
    const tables: Tuples['tables'][number][] = []
    for (const { name } of source.tables) {
      const file = join(target.files, `${name}.tuples`)
      await rm(file, { force: true })
      await run(`COPY public.${name} TO '${file}' (FORMAT binary)`)
      tables.push({ name, file, create: await createStatement(run, name) })
    }
    const statements = async (sql: string) => (await run<{ sql: string }>(sql)).map((row) => row.sql)
    const constraints = (type: 'p' | 'f') =>
      statements(
        `SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS sql
         FROM pg_constraint WHERE contype = '${type}' AND connamespace = 'public'::regnamespace ORDER BY conname`,
      )
    return {
      tables,
      indexes: [
        ...(await constraints('p')),
        ...(await statements(
          `SELECT pg_get_indexdef(i.indexrelid) AS sql FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
           WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisprimary ORDER BY 1`,
        )),
      ],
      foreignKeys: await constraints('f'),
      sequences: source.tables.flatMap(({ name }) => [
        `CREATE SEQUENCE ${name}_id_seq OWNED BY ${name}.id`,
        `ALTER TABLE ${name} ALTER COLUMN id SET DEFAULT nextval('${name}_id_seq')`,
        `SELECT setval('${name}_id_seq', max(id)) FROM ${name}`,
      ]),
    }
  })
}

async function createStatement(run: Run, table: string): Promise<string> {
  const [row] = await run<{ columns: string }>(
    `SELECT string_agg(format('%I %s%s', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' NOT NULL' END),
       ', ' ORDER BY attnum) AS columns
     FROM pg_attribute WHERE attrelid = 'public.${table}'::regclass AND attnum > 0 AND NOT attisdropped`,
  )
  return `CREATE TABLE ${table} (${row?.columns})`
}

/**
 * The least that the target has to do: COPY from files, tables frozen; indexes one at a time; foreign keys; and all of it
 * read once more. One session, durable by its last commit as ours is.
 */
export async function runFloor(
  target: Target,
  tuples: Tuples,
  signal: AbortSignal,
): Promise<Readonly<Record<FloorPart, Part>>> {
  const { server } = target
  const part = (work: () => Promise<void>) => measurePart(server.pid, work)
  return onTarget(server, targetDatabase, signal, async (run) => {
    await run(`SET synchronous_commit = off; SET jit = off; SET maintenance_work_mem = '1GB';
      SET max_parallel_maintenance_workers = 0; SET default_toast_compression = 'lz4'`)
    const copy = await part(async () => {
      for (const { name, create, file } of tuples.tables) {
        await run('BEGIN')
        await run(create)
        await run(`COPY ${name} FROM '${file}' (FORMAT binary, FREEZE)`)
        await run('COMMIT')
      }
    })
    const indexes = await part(async () => {
      for (const sql of tuples.indexes) await run(sql)
    })
    const keys = await part(async () => {
      for (const sql of tuples.foreignKeys) await run(sql)
      await run('SET synchronous_commit = on')
      for (const sql of tuples.sequences) await run(sql)
    })
    const reread = await part(async () => {
      for (const { name } of tuples.tables) await run(`COPY ${name} TO '/dev/null' (FORMAT binary)`)
    })
    return { copy, indexes, keys, reread }
  })
}

async function measurePart(serverPid: number, work: () => Promise<void>): Promise<Part> {
  const cpuBefore = treeCpuMs(serverPid)
  const started = performance.now()
  await work()
  return { ms: performance.now() - started, cpuMs: treeCpuMs(serverPid) - cpuBefore }
}
