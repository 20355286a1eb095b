import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import type { DatabaseAddress } from '../../model/database-address.ts'

/** Creates the empty databases that the addresses name, on servers of this process. */
export async function createDatabases(addresses: readonly DatabaseAddress[]): Promise<void> {
  for (const address of addresses) {
    if (address.engine === 'mysql') await createOnMysql(address)
    else await createOnPostgres(address)
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

async function createOnPostgres({ host, port, user, password, database }: DatabaseAddress): Promise<void> {
  const secret = password.reveal('create a database')
  const client = new Client({ host, port, user, database: 'postgres', password: secret })
  await client.connect()
  try {
    await client.query(`CREATE DATABASE "${database}"`)
  } finally {
    await client.end()
  }
}
