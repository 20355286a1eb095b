import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

/** In hex; empty when the file cannot be read, which no file's digest is. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(file), hash)
  } catch {
    return ''
  }
  return hash.digest('hex')
}
