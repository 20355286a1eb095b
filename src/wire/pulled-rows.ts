/**
 * Rows that are pulled off a connection, without an object or a promise per row:
 *
 *     while (await rows.more()) {
 *       while (rows.next()) use(rows.bytes, rows.start, rows.end)
 *     }
 *
 * Whoever may stop before `more` has given false calls `abandon` in a `finally`.
 */
export interface PulledRows {
  readonly columnCount: number
  /** The row is `bytes[start, end)`, until the next call of `next` or `more`; `bytes` may be another buffer each time. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /**
   * Waits until a whole row is here; false when there are no more. Rejects when the server refuses or cannot be
   * reached any more, and after that with the same error again.
   */
  more(): Promise<boolean>
  /** Steps to the next row; false when none is here as a whole, which says nothing of the end: ask `more`. */
  next(): boolean
  /** Gives the rest up, and the connection with it. Changes nothing once `more` has given false or rejected. */
  abandon(): void
}
