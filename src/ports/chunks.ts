import type { JsonObject } from '../model/json.ts'

/** A part of a long work that any worker may do. */
export interface Chunk {
  /** Names it within its batch. */
  readonly id: string
  /** Which handler does it. */
  readonly kind: string
  readonly input: JsonObject
}

/**
 * Does one chunk. It may run again after a crash, so its target remembers what is in, in the transaction that puts it in.
 * Abort: ends its batch and throws the reason.
 */
export type ChunkHandler = (input: JsonObject, options: { readonly signal: AbortSignal }) => Promise<JsonObject>

/** The handlers of a process, by kind. */
export type ChunkHandlers = ReadonlyMap<string, ChunkHandler>

/** Spreads long work over all workers of the engine. */
export interface Chunks {
  /**
   * Has the chunks done, and gives their results in the same order. `batch` names them for good: a call that is repeated
   * finds what is done, and waits for what is under way.
   *
   * Faults: that of the first chunk that fails; the others are cancelled. Abort: cancels what is not done, throws the reason.
   */
  run(
    batch: string,
    chunks: readonly Chunk[],
    options: {
      readonly signal: AbortSignal
      /** What the names of earlier batches begin with, in the place of which this one is: what of them has not ended is cancelled. */
      readonly insteadOf?: string
    },
  ): Promise<readonly JsonObject[]>
}
