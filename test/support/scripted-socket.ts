import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'

/** A connected socket whose other end is the test: it keeps what is written, and hands on what it is told to say. */
export class ScriptedSocket extends Duplex {
  readonly written: Buffer[] = []
  /** True: what is written stays on its way until `flush`. */
  holding = false
  #onWrite: () => void = () => undefined
  #held: () => void = () => undefined

  override _read(): void {}

  override _write(piece: Buffer, _encoding: unknown, done: () => void): void {
    this.written.push(piece)
    if (this.holding) this.#held = done
    else done()
    this.#onWrite()
  }

  flush(): void {
    this.#held()
  }

  /** Says `bytes` in pieces that end at `cuts`, with a turn of the event loop between them. */
  async say(bytes: Buffer, cuts: readonly number[] = []): Promise<void> {
    const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b)
    for (const [i, end] of places.entries()) {
      if (i === 0 || this.destroyed) continue
      this.push(Buffer.from(bytes.subarray(places[i - 1], end)))
      await setImmediate()
    }
  }

  /** Says `bytes` once something is written. */
  async answer(bytes: Buffer, cuts: readonly number[] = []): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onWrite = resolve
    })
    await this.say(bytes, cuts)
  }

  // What drivers ask of a socket.
  setNoDelay(): void {}
  setKeepAlive(): void {}
  connect(): void {
    process.nextTick(() => this.emit('connect'))
  }
}
