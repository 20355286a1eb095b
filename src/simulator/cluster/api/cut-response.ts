import type { ServerResponse } from 'node:http'

/**
 * Scripted: lets so many bytes of the body through, and then breaks the connection as a failing network would.
 * With 0 not even the head is sent.
 */
export function cutAfter(response: ServerResponse, bytes: number): void {
  let left = bytes
  const write = response.write.bind(response)
  const end = response.end.bind(response)
  const pass = (chunk: unknown): void => {
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.isBuffer(chunk) ? chunk : Buffer.alloc(0)
    const given = data.subarray(0, left)
    left -= given.length
    if (left > 0) write(given)
    else if (bytes === 0) response.socket?.destroy()
    else write(given, () => response.socket?.destroy())
  }
  // Both have several forms; callers here use the one with a single chunk.
  response.write = ((chunk: unknown) => {
    pass(chunk)
    return true
  }) as typeof response.write
  response.end = ((chunk?: unknown) => {
    pass(chunk)
    if (left > 0) end()
    return response
  }) as typeof response.end
}
