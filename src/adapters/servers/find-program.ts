import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { fault } from './faults.ts'

const usualFolders = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin'

/** The folders to search, the caller's first; also the PATH of what is started. */
export function searchPath(path: string | undefined): string {
  return path === undefined || path === '' ? usualFolders : `${path}:${usualFolders}`
}

/**
 * The absolute path of a server's program.
 *
 * In: `binaries`, when given, is the only folder; else `path` and the usual folders. `install` is the command that brings
 * the program. Faults: SERVER_PROGRAM_MISSING.
 */
export function findProgram(
  server: string,
  program: string,
  where: { readonly binaries?: string; readonly path?: string },
  install = 'npm run setup',
): string {
  const searched = where.binaries ?? searchPath(where.path)
  const folders = where.binaries === undefined ? searched.split(':') : [where.binaries]
  const found = folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isProgram)
  if (found === undefined) throw fault('SERVER_PROGRAM_MISSING', { server, program, searched, install })
  return found
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
