/**
 * What a server answered instead of a result. Its own text may quote values, so it is not in `message`, and neither
 * printed nor inspected with the error.
 */
export class MysqlServerError extends Error {
  override readonly name = 'MysqlServerError'
  readonly errno: number
  readonly sqlState: string
  readonly #serverText: string

  constructor(errno: number, sqlState: string, serverText: string) {
    super(`the server answered with error ${errno} (${sqlState})`)
    this.errno = errno
    this.sqlState = sqlState
    this.#serverText = serverText
  }

  get serverText(): string {
    return this.#serverText
  }
}

/** Reads an ERR packet's payload: a mark, the number, `#` and the SQLSTATE, the text. Source: MySQL internals, "ERR_Packet". */
export function readServerError(bytes: Buffer, start: number, end: number): MysqlServerError {
  const errno = end - start >= 3 ? bytes.readUInt16LE(start + 1) : 0
  const hasState = end - start >= 9 && bytes[start + 3] === 0x23
  const sqlState = hasState ? bytes.toString('latin1', start + 4, start + 9) : 'HY000'
  return new MysqlServerError(errno, sqlState, bytes.toString('utf8', start + (hasState ? 9 : 3), end))
}
