import type { Pool, PoolClient } from 'pg'

/** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
export async function inTransaction<Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((lost: unknown) => {
      // The connection is gone, and with it the transaction; the pool must not give it out again.
      broken = lost instanceof Error ? lost : new Error('the connection was lost')
    })
    throw error
  } finally {
    client.release(broken)
  }
}
