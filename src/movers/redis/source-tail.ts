import { rest, sleep } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import { ReplicaLink, type ReplicationPlace, SyncRefused } from '../../wire/resp/replica-link.ts'
import { RespConnectionLost } from '../../wire/resp/resp-pipe.ts'
import type { Arrivals } from './arrivals.ts'
import { connectionFault, replyFault } from './connection-faults.ts'
import { fault } from './faults.ts'
import { spoolFault } from './spool-folder.ts'
import type { StreamSpool } from './stream-spool.ts'
import { addressOf } from './target.ts'

const reconnectForMs = 60_000
const reconnectEveryMs = 500

export interface SourceTailOptions {
  readonly endpoint: RedisEndpoint
  readonly spool: StreamSpool
  readonly arrivals: Arrivals
  /** The folder of `spool`, for messages. */
  readonly folder: string
  /** The place of the stream's position 0. */
  readonly base: ReplicationPlace
  /** Is told when the source's replication goes on under another name (after a fail-over), before anything comes under it. */
  readonly onRenamed: (replid: string) => void
  readonly signal: AbortSignal
  readonly clock: Clock
}

/**
 * Writes the commands that a source sends after its snapshot into a spool, as fast as they come, so that a slow target
 * never fills the source's buffers.
 *
 * A connection that is lost is made anew for up to a minute, through the Sentinel if there is one, and goes on at the
 * next byte. What the source no longer holds ends it with REDIS_STREAM_GONE: there is never a gap. Runs on its own from
 * `start` to `close`; whoever reads the spool asks `throwIfFailed`.
 */
export class SourceTail {
  readonly spool: StreamSpool
  readonly #options: SourceTailOptions
  readonly #stopping = new AbortController()
  readonly #signal: AbortSignal
  #replid: string
  #running: Promise<void> | null = null
  #link: ReplicaLink | null = null
  #failure: { readonly error: unknown } | null = null
  #heardMs: number | null = null
  #wake: () => void = () => undefined

  constructor(options: SourceTailOptions) {
    this.#options = options
    this.spool = options.spool
    this.#replid = options.base.replid
    this.#signal = AbortSignal.any([options.signal, this.#stopping.signal])
  }

  /** The place of a position of the stream, by the name that the replication has now. */
  placeAt(position: number): ReplicationPlace {
    return { replid: this.#replid, offset: this.#options.base.offset + BigInt(position) }
  }

  /** When what stands at a position of the stream came, epoch milliseconds; now, when nobody knows. */
  arrivedAt(position: number): number {
    return this.#options.arrivals.at(position) ?? this.#options.clock.now()
  }

  /** When the source last said something, by `clock.elapsedMs`; null while there is no connection. */
  get heardMs(): number | null {
    return this.#heardMs
  }

  /** Begins; on a connection that stands at the end of the spool already, or on one that is made. */
  start(link: ReplicaLink | null): void {
    this.#running = this.#run(link)
  }

  /** Throws what has ended the tail: a fault, or the reason of an abort. */
  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure.error
  }

  /** Waits until something has come or the tail has failed, at most so long. Abort: throws the reason. */
  async changed(milliseconds: number): Promise<void> {
    const waiting = new AbortController()
    const wake = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    try {
      const signal = AbortSignal.any([this.#options.signal, waiting.signal])
      await Promise.race([wake, rest(milliseconds, signal)])
    } finally {
      waiting.abort()
    }
    this.#options.signal.throwIfAborted()
  }

  /** Ends the connection, waits for that and closes the spool. */
  async close(): Promise<void> {
    this.#stopping.abort(new RespConnectionLost('closed'))
    // The first connection was made before there was anything to stop it by.
    this.#link?.close()
    await this.#running
    this.spool.close()
    this.#options.arrivals.close()
  }

  async #run(first: ReplicaLink | null): Promise<void> {
    try {
      for (let link = first; ; link = null) {
        link ??= await this.#reconnect()
        this.#link = link
        try {
          await link.receiveCommands(
            (bytes) => this.#take(bytes),
            () => this.placeAt(this.spool.end).offset,
          )
        } catch (error) {
          this.#signal.throwIfAborted()
          if (!(error instanceof RespConnectionLost)) throw error
        } finally {
          link.close()
          this.#heardMs = null
        }
      }
    } catch (error) {
      const { folder, endpoint } = this.#options
      this.#failure = { error: connectionFault(spoolFault(folder, error), 'source', endpoint, 'following it') }
      this.#wake()
    }
  }

  #take(bytes: Buffer): void {
    this.#options.arrivals.note(this.spool.end, this.#options.clock.now())
    this.spool.append(bytes)
    this.#heardMs = this.#options.clock.elapsedMs()
    this.#wake()
  }

  async #reconnect(): Promise<ReplicaLink> {
    const { clock } = this.#options
    const untilMs = clock.elapsedMs() + reconnectForMs
    for (;;) {
      try {
        return await this.#connect()
      } catch (error) {
        this.#signal.throwIfAborted()
        const known = this.#faultOf(error)
        const again = known instanceof Fault && known.retry === 'same-input' && clock.elapsedMs() < untilMs
        if (!again) throw known
      }
      await sleep(reconnectEveryMs, this.#signal)
    }
  }

  async #connect(): Promise<ReplicaLink> {
    const { endpoint, onRenamed } = this.#options
    const address = await addressOf(endpoint, 'source', this.#signal)
    const from = this.placeAt(this.spool.end)
    const link = await ReplicaLink.open(address, from, this.#signal)
    const { answer } = link
    if (answer.kind === 'full') {
      link.close()
      throw fault('REDIS_STREAM_GONE', { address: describeEndpoint(endpoint), offset: String(from.offset) })
    }
    if (answer.replid !== this.#replid) {
      onRenamed(answer.replid)
      this.#replid = answer.replid
    }
    return link
  }

  #faultOf(error: unknown): unknown {
    const { endpoint } = this.#options
    if (!(error instanceof SyncRefused)) return connectionFault(error, 'source', endpoint, 'following it')
    const { reply, command } = error
    const address = describeEndpoint(endpoint)
    // A replica that looks for its new master.
    if (reply.code === 'NOMASTERLINK') return fault('REDIS_LOADING', { side: 'source', address })
    return (
      replyFault(reply, 'source', endpoint, command) ??
      fault('REDIS_SOURCE_REFUSED', { address, command, code: reply.code })
    )
  }
}
