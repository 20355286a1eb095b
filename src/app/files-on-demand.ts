import type { FilesSettings } from '../adapters/aws/file-client.ts'
import type { FileStorage } from '../ports/files.ts'

/** The files of the portals; what asks AWS is loaded, and the settings are looked for, with the first call. */
export function filesOnDemand(settings: () => Promise<FilesSettings>): FileStorage {
  const loaded = async (): Promise<FileStorage> => {
    const found = await settings()
    return (await import('../adapters/aws/file-storage.ts')).fileStorage(found)
  }
  return {
    copy: async (request) => (await loaded()).copy(request),
    compare: async (request, expected) => (await loaded()).compare(request, expected),
    takeBack: async (request) => (await loaded()).takeBack(request),
    count: async (at, options) => (await loaded()).count(at, options),
    remove: async (at, keys, options) => (await loaded()).remove(at, keys, options),
  }
}
