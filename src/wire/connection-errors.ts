/** The connection ended while something was awaited of it. `code` is the system's, or `CONNECTION_LOST`. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
  readonly code: string

  constructor(code = 'CONNECTION_LOST', cause?: unknown) {
    super(`the connection was lost (${code})`, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** The peer sent what the protocol does not allow there, or what is refused on purpose. `code` is SQL's for that. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation'
  readonly code = '08P01'
}
