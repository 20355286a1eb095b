import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../../base/abort.ts'
import { Secret } from '../../base/secret.ts'
import { commandLineOf } from './command-line-of.ts'
import { fault } from './faults.ts'

/** The files of one private server, all below `dir`. */
export interface ServerFolder {
  readonly dir: string
  readonly data: string
  readonly log: string
  readonly password: Secret
  /** Notes the running server, so that the next start in this folder can wait for its end. */
  remember(pid: number): Promise<void>
  /** Writes a file that only its owner can read, and returns its path. */
  writeSecretFile(name: string, text: string): Promise<string>
}

const betweenLooksMs = 50
// Longer than the guard of a killed process needs to end its server.
const longestWaitMs = 30_000

/**
 * Opens a server's folder: makes it when missing, and waits until a server of an earlier process has gone from it.
 *
 * Faults: SERVER_FOLDER_BUSY. Abort: throws the reason; nothing is running yet.
 */
export async function openServerFolder(server: string, dir: string, signal: AbortSignal): Promise<ServerFolder> {
  signal.throwIfAborted()
  await mkdir(dir, { recursive: true, mode: 0o711 })
  const pidFile = join(dir, 'server.pid')
  await waitForEarlierServer(server, dir, pidFile, signal)
  const password = await passwordIn(join(dir, 'password'))
  return {
    dir,
    data: join(dir, 'data'),
    log: join(dir, 'server.log'),
    password,
    remember: (pid) => writeWhole(pidFile, String(pid)),
    writeSecretFile: async (name, text) => {
      const file = join(dir, name)
      await writeWhole(file, text)
      return file
    },
  }
}

async function waitForEarlierServer(server: string, dir: string, pidFile: string, signal: AbortSignal): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
  if (!(pid > 0)) return
  for (let waitedMs = 0; await usesFolder(pid, dir); waitedMs += betweenLooksMs) {
    if (waitedMs >= longestWaitMs) throw fault('SERVER_FOLDER_BUSY', { server, folder: dir, pid })
    await sleep(betweenLooksMs, signal)
  }
}

/** Whether a process with this id is there and names the folder: an id alone may long be somebody else's. */
export async function usesFolder(pid: number, dir: string): Promise<boolean> {
  return (await commandLineOf(pid)).includes(dir)
}

/**
 * Waits until no process stands in a server's data folder any more: the children of a server that was killed take a
 * moment to notice, and another server must not come between them. Only Linux tells where a process stands.
 *
 * Faults: SERVER_FOLDER_BUSY. Abort: throws the reason.
 */
export async function waitForOrphans(server: string, data: string, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += betweenLooksMs) {
    const pid = await processIn(data)
    if (pid === undefined) return
    if (waitedMs >= longestWaitMs) throw fault('SERVER_FOLDER_BUSY', { server, folder: data, pid })
    await sleep(betweenLooksMs, signal)
  }
}

async function processIn(folder: string): Promise<number | undefined> {
  const ids = (await readdir('/proc').catch(() => [])).filter((entry) => /^\d+$/.test(entry))
  const standing = await Promise.all(ids.map((id) => readlink(`/proc/${id}/cwd`).catch(() => '')))
  const found = ids[standing.indexOf(folder)]
  return found === undefined ? undefined : Number(found)
}

async function passwordIn(file: string): Promise<Secret> {
  const known = await readFile(file, 'utf8').catch(() => '')
  if (known !== '') return new Secret(known)
  const fresh = randomBytes(24).toString('base64url')
  await writeWhole(file, fresh)
  return new Secret(fresh)
}

/** The file appears complete or not at all, and only its owner can read it. */
async function writeWhole(file: string, text: string): Promise<void> {
  const unfinished = `${file}.new`
  await rm(unfinished, { force: true })
  await writeFile(unfinished, text, { mode: 0o600, flag: 'wx' })
  await rename(unfinished, file)
}
