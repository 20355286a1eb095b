import type { ClientBase } from 'pg'

/**
 * The engine's database, as the journal and the agents' desk need it. `write` runs `work` in one transaction: committed
 * when it returns, rolled back when it throws. It may run `work` again after a lost connection, even one that was lost after the commit.
 */
export interface Database {
  write<Result>(work: (tx: ClientBase) => Promise<Result>): Promise<Result>
}
