import { readFile } from 'node:fs/promises'
import { createPool, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2/promise'
import { Pool as PostgresPool, type PoolClient } from 'pg'
import type { DatabaseAddress } from '../../model/database-address.ts'

/** A cell as both databases are made to give it: booleans as such, everything else as text. */
export type Cell = string | boolean | null
export type Row = Readonly<Record<string, Cell>>

/** What the simulated 3scale asks of its database, in SQL that MySQL and PostgreSQL both understand; `?` is a value. */
export interface Sql {
  readonly dialect: DatabaseAddress['engine']
  rows(sql: string, values?: readonly Cell[]): Promise<readonly Row[]>
  /** How many rows were changed. */
  run(sql: string, values?: readonly Cell[]): Promise<number>
  /** The id that the new row was given, in digits. Triggers run. */
  insert(table: string, row: Row): Promise<string>
}

type Borrow = <Result>(work: (send: Send) => Promise<Result>) => Promise<Result>
type Send = (sql: string, values: readonly Cell[]) => Promise<{ rows: Row[]; changed: number; insertId: string }>

/**
 * The system database of a simulated 3scale, through a few connections that are opened when they are needed.
 *
 * Its errors are the drivers': whoever answers for the simulated 3scale turns them into what 3scale would say.
 */
export class SystemDatabase implements Sql {
  readonly dialect: DatabaseAddress['engine']
  readonly #send: Send
  readonly #borrow: Borrow
  readonly #end: () => Promise<void>

  private constructor(
    dialect: DatabaseAddress['engine'],
    parts: { send: Send; borrow: Borrow; end: () => Promise<void> },
  ) {
    this.dialect = dialect
    this.#send = parts.send
    this.#borrow = parts.borrow
    this.#end = parts.end
  }

  static async open(address: DatabaseAddress): Promise<SystemDatabase> {
    const ca = address.tls.kind === 'verified' && address.tls.caFile ? await readFile(address.tls.caFile, 'utf8') : null
    const parts = address.engine === 'mysql' ? mysqlParts(address, ca) : postgresParts(address, ca)
    return new SystemDatabase(address.engine, parts)
  }

  async rows(sql: string, values: readonly Cell[] = []): Promise<readonly Row[]> {
    return (await this.#send(sql, values)).rows
  }

  async run(sql: string, values: readonly Cell[] = []): Promise<number> {
    return (await this.#send(sql, values)).changed
  }

  insert(table: string, row: Row): Promise<string> {
    return insertWith(this.#send, this.dialect, table, row)
  }

  /** Everything that `work` does happens, or nothing. */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    const { dialect } = this
    return this.#borrow(async (send) => {
      await send('BEGIN', [])
      try {
        const result = await work({
          dialect,
          rows: async (sql, values = []) => (await send(sql, values)).rows,
          run: async (sql, values = []) => (await send(sql, values)).changed,
          insert: (table, row) => insertWith(send, dialect, table, row),
        })
        await send('COMMIT', [])
        return result
      } catch (error) {
        await send('ROLLBACK', [])
        throw error
      }
    })
  }

  close(): Promise<void> {
    return this.#end()
  }
}

async function insertWith(send: Send, dialect: Sql['dialect'], table: string, row: Row): Promise<string> {
  const names = Object.keys(row)
  const sql = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
  const values = Object.values(row)
  if (dialect === 'mysql') return (await send(sql, values)).insertId
  return String((await send(`${sql} RETURNING id`, values)).rows[0]?.['id'])
}

const sendOnMysql =
  (connection: Pool | PoolConnection): Send =>
  async (sql, values) => {
    const [result] = await connection.query(sql, [...values])
    // Statements with a result give rows, as `typeCast` made them; the others give a header.
    if (Array.isArray(result)) return { rows: result as Row[], changed: 0, insertId: '' }
    const { affectedRows, insertId } = result as ResultSetHeader
    return { rows: [], changed: affectedRows, insertId: String(insertId) }
  }

function mysqlParts(address: DatabaseAddress, ca: string | null) {
  const { host, port, socket, user, database, tls } = address
  const pool: Pool = createPool({
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    user,
    password: address.password.reveal('serve the simulated 3scale'),
    database,
    charset: 'utf8mb4',
    timezone: 'Z',
    connectionLimit: 4,
    supportBigNumbers: true,
    bigNumberStrings: true,
    typeCast: (field) => {
      const text = field.string()
      return field.type === 'TINY' && field.length === 1 && text !== null ? text !== '0' : text
    },
    ...(tls.kind === 'off' ? {} : { ssl: { verifyIdentity: tls.checkHost, ...(ca === null ? {} : { ca }) } }),
  })
  return {
    send: sendOnMysql(pool),
    borrow: async <Result>(work: (send: Send) => Promise<Result>) => {
      const connection = await pool.getConnection()
      try {
        return await work(sendOnMysql(connection))
      } finally {
        connection.release()
      }
    },
    end: () => pool.end(),
  }
}

/** What PostgreSQL's catalog calls bool. */
const booleanType = 16

const sendOnPostgres =
  (connection: PostgresPool | PoolClient): Send =>
  async (sql, values) => {
    let place = 0
    const text = values.length === 0 ? sql : sql.replaceAll('?', () => `$${++place}`)
    const result = await connection.query<Row>(text, [...values])
    return { rows: result.rows, changed: result.rowCount ?? 0, insertId: '' }
  }

function postgresParts(address: DatabaseAddress, ca: string | null) {
  const { host, port, socket, user, database, tls } = address
  const pool = new PostgresPool({
    host: socket ?? host,
    port,
    user,
    password: address.password.reveal('serve the simulated 3scale'),
    database,
    max: 4,
    options: '-c TimeZone=UTC',
    types: {
      getTypeParser: (type: number) => (text: string) => (type === booleanType ? text === 't' : text),
    },
    ...(tls.kind === 'off'
      ? {}
      : {
          ssl: { ...(ca === null ? {} : { ca }), ...(tls.checkHost ? {} : { checkServerIdentity: () => undefined }) },
        }),
  })
  // A connection that breaks while nobody uses it is made anew; the next query that fails tells.
  pool.on('error', () => undefined)
  return {
    send: sendOnPostgres(pool),
    borrow: async <Result>(work: (send: Send) => Promise<Result>) => {
      const connection = await pool.connect()
      try {
        return await work(sendOnPostgres(connection))
      } finally {
        connection.release()
      }
    },
    end: () => pool.end(),
  }
}
