import type { ClientBase, Pool } from 'pg'

/**
 * The engine's database, as the journal and the agents' desk need it. `write` runs `work` in one transaction: committed
 * when it returns, rolled back when it throws. It may run `work` again after a lost connection, even one that was lost after the commit.
 */
export interface Database {
  write<Result>(work: (tx: ClientBase) => Promise<Result>): Promise<Result>
}

/** A pool as a database that tries everything once. */
export function poolDatabase(pool: Pool): Database {
  return {
    async write(work) {
      const client = await pool.connect()
      let broken: Error | undefined
      const onError = (error: Error) => {
        broken = error
      }
      client.on('error', onError)
      try {
        await client.query('BEGIN')
        const result = await work(client)
        await client.query('COMMIT')
        return result
      } catch (error) {
        // When even this fails the connection is gone, and with it the transaction.
        await client.query('ROLLBACK').catch((failure: Error) => (broken ??= failure))
        throw error
      } finally {
        client.off('error', onError)
        client.release(broken)
      }
    },
  }
}
