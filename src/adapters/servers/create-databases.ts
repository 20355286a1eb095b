import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import type { DatabaseAddress } from '../../model/database-address.ts'

/** Creates the empty databases that the addresses name, on servers of this process. */
export async function createDatabases(addresses: readonly DatabaseAddress[]): Promise<void> {
  for (const address of addresses) {
    if (address.engine === 'mysql') await createOnMysql(address)
    else await onTarget({ ...address, database: 'postgres' }, (to) => to.query(`CREATE DATABASE "${address.database}"`))
  }
}

async function createOnMysql({ host, port, user, password, database }: DatabaseAddress): Promise<void> {
  const mysql = await createConnection({ host, port, user, password: password.reveal('create a database') })
  try {
    // The character set and collation that 3scale's own schema files name.
    await mysql.query(`CREATE DATABASE \`${database}\` CHARACTER SET utf8mb3 COLLATE utf8mb3_bin`)
  } finally {
    await mysql.end()
  }
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
