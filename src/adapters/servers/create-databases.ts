import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import type { DatabaseAddress } from '../../model/database-address.ts'

/** Creates the two empty databases that the addresses name, on servers of this process. */
export async function createDatabases(source: DatabaseAddress, target: DatabaseAddress): Promise<void> {
  const { host, port, user } = source
  const password = source.password.reveal('create the source database')
  const mysql = await createConnection({ host, port, user, password })
  try {
    // The character set and collation that 3scale's own schema files name.
    await mysql.query(`CREATE DATABASE \`${source.database}\` CHARACTER SET utf8mb3 COLLATE utf8mb3_bin`)
  } finally {
    await mysql.end()
  }
  await onTarget({ ...target, database: 'postgres' }, (client) => client.query(`CREATE DATABASE "${target.database}"`))
}

/** Such as `PostgreSQL 18.4`. */
export async function serverVersion(target: DatabaseAddress): Promise<string> {
  const result = await onTarget(target, (client) => client.query<{ server_version: string }>('SHOW server_version'))
  return `PostgreSQL ${result.rows[0]?.server_version ?? 'of unknown version'}`
}

async function onTarget<Result>(address: DatabaseAddress, work: (client: Client) => Promise<Result>): Promise<Result> {
  const { host, port, user, database } = address
  const client = new Client({ host, port, user, database, password: address.password.reveal('prepare the target') })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
