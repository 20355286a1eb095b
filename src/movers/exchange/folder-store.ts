import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PartStore } from '../../ports/exchange.ts'
import { fileFault } from './pack.ts'

/** A folder as the place of an exchange, such as a medium that is carried from one party to the other. */
export function folderStore(folder: string): PartStore {
  return {
    place: folder,
    put: async (name, bytes) => {
      const path = join(folder, name)
      const staging = `${path}.${randomUUID()}`
      try {
        await mkdir(dirname(path), { recursive: true })
        const handle = await open(staging, 'wx', 0o600)
        try {
          await handle.writeFile(bytes)
          await handle.sync()
        } finally {
          await handle.close()
        }
        await rename(staging, path)
      } catch (error) {
        await rm(staging, { force: true })
        throw fileFault(path, error)
      }
    },
    get: async (name, { largestBytes }) => {
      const path = join(folder, name)
      try {
        const handle = await open(path)
        try {
          const { size } = await handle.stat()
          const bytes = Buffer.allocUnsafe(Math.min(size, largestBytes + 1))
          const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
          return bytes.subarray(0, bytesRead)
        } finally {
          await handle.close()
        }
      } catch (error) {
        if (isAbsent(error)) return null
        throw fileFault(path, error)
      }
    },
    sizeOf: async (name) => {
      const path = join(folder, name)
      try {
        return (await stat(path)).size
      } catch (error) {
        if (isAbsent(error)) return null
        throw fileFault(path, error)
      }
    },
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
