import type { Pool } from 'pg'
import type { Database } from '../../src/engine/journal/database.ts'

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
