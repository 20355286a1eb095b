/**
 * Gives the memory of a large buffer back now, not at some garbage collection; the buffer is empty afterwards.
 *
 * In: a buffer with memory of its own, such as `Buffer.allocUnsafeSlow` makes.
 */
export function freeBuffer(buffer: Buffer): void {
  if (buffer.buffer instanceof ArrayBuffer) buffer.buffer.transfer(0)
}
