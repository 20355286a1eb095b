import type { EpochMs } from '../base/clock.ts'
import type { ObjectAddress } from '../model/object-address.ts'

/** What the store itself says about the bytes of the whole object. */
export interface ObjectChecksum {
  /** As the store names it, such as `CRC32` or `SHA256`. */
  readonly algorithm: string
  /** Big-endian, in base64. */
  readonly value: string
}

export interface ObjectDescription {
  readonly bytes: number
  /** Another one as soon as the object has other bytes. As the store gave it, quotes included. */
  readonly etag: string
  readonly lastModifiedMs: EpochMs
  /** Of the whole object; null when the store keeps none, or only one over the parts that it was uploaded in. */
  readonly checksum: ObjectChecksum | null
}

export interface ObjectRange {
  /** Offset of the first byte. */
  readonly from: number
  /** How many, at least 1; they must all be there. */
  readonly bytes: number
  /** The range is read only while the object still has this etag. */
  readonly etag: string
  readonly signal: AbortSignal
}

/**
 * Reads objects of an object store. Changes nothing there.
 *
 * A fault with `retry: 'same-input'` (the connection was lost, the store is busy) may be over at the next try: whoever
 * reads knows how far they came. Abort: ends the request and throws the reason.
 */
export interface ObjectStore {
  /** Faults: that it is not there, may not be read, or the store cannot be reached. */
  describe(at: ObjectAddress, options: { readonly signal: AbortSignal }): Promise<ObjectDescription>
  /**
   * The bytes of the range in order, in pieces of any size that are yours: all of them, or it throws. Leaving the loop
   * early ends the request. Faults: as `describe`; the object has changed; the connection was lost.
   */
  read(at: ObjectAddress, range: ObjectRange): AsyncIterable<Uint8Array>
}
