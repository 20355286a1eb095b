import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

const prefix = 'threeshift-rehearsal-'

/** A new folder for a rehearsal's world, which a server that runs as another account can pass through. */
export async function newRehearsalFolder(): Promise<string> {
  await removeAbandoned()
  const dir = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`))
  await chmod(dir, 0o711)
  return dir
}

/** Folders of rehearsals that were killed; their processes have ended themselves. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It lives, and is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
