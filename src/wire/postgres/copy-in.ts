import type { Duplex } from 'node:stream'
import { copiedRows, type PgClient, type PgConnection, type PgQuery } from './pg-query.ts'

/** Writing may go on while less than the first is on its way, and after a wait when no more than the second is. */
const mostInFlightBytes = 1024 * 1024
const fewInFlightBytes = 512 * 1024

const copyDone = Buffer.of(0x63, 0, 0, 0, 4)
const copyFail = 0x66
const frameHead = 5

interface Waiter<Value> {
  readonly promise: Promise<Value>
  readonly resolve: (value: Value) => void
  readonly reject: (error: unknown) => void
}

/**
 * One COPY FROM STDIN on a client of node-postgres that is idle.
 *
 * States: `starting` (the statement is sent), `open` (the server takes data), `ending` (CopyDone or CopyFail is sent),
 * then `done` or `failed`. The server may fail it in any state; what it throws is node-postgres' DatabaseError, and the
 * client goes on with the next statement. A lost connection fails it with node-postgres' error for that.
 * Source: PostgreSQL manual, "Message Flow", COPY Operations.
 */
export class CopyIn implements PgQuery {
  readonly #sql: string
  #state: 'starting' | 'open' | 'ending' | 'done' | 'failed' = 'starting'
  #stream: Duplex | null = null
  #failure: unknown
  #inFlightBytes = 0
  #rows: bigint | null = null
  #room: Waiter<void> | null = null
  readonly #started = waiter<void>()
  readonly #finished = waiter<bigint>()

  private constructor(sql: string) {
    this.#sql = sql
  }

  /** Sends the statement; resolves when the server is ready for data. */
  static async start(client: PgClient, sql: string): Promise<CopyIn> {
    const copy = new CopyIn(sql)
    client.query(copy)
    await copy.#started.promise
    return copy
  }

  /** True until the server has ended or failed the COPY: the client can do nothing else meanwhile. */
  get open(): boolean {
    return this.#state !== 'done' && this.#state !== 'failed'
  }

  /**
   * Takes whole CopyData messages; their bytes are the connection's until `onSent` is called with them.
   *
   * Null: there is room for more. Otherwise wait until there is.
   */
  write(message: Buffer, onSent?: (message: Buffer) => void): Promise<void> | null {
    if (this.#state === 'failed') return Promise.reject(asError(this.#failure))
    if (this.#state !== 'open' || this.#stream === null) throw new Error(`bug: data for a COPY that is ${this.#state}`)
    const { length } = message
    this.#inFlightBytes += length
    this.#stream.write(message, () => {
      this.#written(length)
      onSent?.(message)
    })
    if (this.#inFlightBytes < mostInFlightBytes) return null
    this.#room ??= waiter()
    return this.#room.promise
  }

  /** Ends the data; gives the rows as the server counted them, once it is ready for the next statement. */
  end(): Promise<bigint> {
    if (this.#state === 'open') {
      this.#state = 'ending'
      this.#stream?.write(copyDone)
    }
    return this.#finished.promise
  }

  /**
   * Tells the server to give up, and resolves when it has, whatever it says to that. `reason` goes into its log.
   * Changes nothing when the COPY has ended or failed.
   */
  async fail(reason: string): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'ending'
      this.#stream?.write(copyFailMessage(reason))
    }
    await this.#finished.promise.catch(() => undefined)
  }

  /** For node-postgres. */
  submit(connection: PgConnection): undefined {
    this.#stream = connection.stream
    connection.query(this.#sql)
  }

  /** For node-postgres. */
  handleCopyInResponse(): void {
    this.#state = 'open'
    this.#started.resolve()
  }

  /** For node-postgres. */
  handleCommandComplete(message: { readonly text: string }): void {
    this.#rows = copiedRows(message.text)
  }

  /** For node-postgres. */
  handleReadyForQuery(): void {
    if (this.#state !== 'ending' || this.#rows === null) {
      this.handleError(new Error('bug: a statement is no COPY FROM STDIN'))
      return
    }
    this.#state = 'done'
    this.#finished.resolve(this.#rows)
  }

  /** For node-postgres. */
  handleError(error: unknown): void {
    if (!this.open) return
    this.#state = 'failed'
    this.#failure = error
    this.#started.reject(error)
    this.#finished.reject(error)
    this.#room?.reject(error)
    this.#room = null
  }

  /** For node-postgres: what other statements answer. They are told as what they are when they end. */
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handleCopyData(): void {}

  #written(bytes: number): void {
    this.#inFlightBytes -= bytes
    if (this.#inFlightBytes > fewInFlightBytes) return
    this.#room?.resolve()
    this.#room = null
  }
}

function copyFailMessage(reason: string): Buffer {
  const text = Buffer.from(`${reason.replaceAll('\0', '')}\0`)
  const message = Buffer.alloc(frameHead + text.length)
  message[0] = copyFail
  message.writeInt32BE(message.length - 1, 1)
  text.copy(message, frameHead)
  return message
}

/** A promise that may be rejected before anybody waits for it. */
function waiter<Value>(): Waiter<Value> {
  const made = Promise.withResolvers<Value>()
  made.promise.catch(() => undefined)
  return made
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('bug: something that is no error ended a COPY')
}
