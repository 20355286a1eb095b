import type { Duplex } from 'node:stream'

/** What is used of node-postgres' connection: the socket, and a way to send a simple query. */
export interface PgConnection {
  readonly stream: Duplex
  query(sql: string): void
}

/** What node-postgres calls of a query that it was given ready-made, in the order of the protocol. */
export interface PgQuery {
  /** Called when it is this query's turn. An error that is returned comes back through `handleError`. */
  submit(connection: PgConnection): Error | undefined
  handleCommandComplete(message: { readonly text: string }): void
  handleReadyForQuery(): void
  /** An ErrorResponse, or the loss of the connection; nothing else is called afterwards. */
  handleError(error: unknown): void
}

/** What is used of node-postgres' client. */
export interface PgClient {
  query(query: PgQuery): unknown
}

/** The rows of a command tag such as `COPY 12`; null when it is another. */
export function copiedRows(tag: string): bigint | null {
  const count = /^COPY (\d+)$/.exec(tag)?.[1]
  return count === undefined ? null : BigInt(count)
}
