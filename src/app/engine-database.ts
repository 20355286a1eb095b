import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { Secret } from '../base/secret.ts'

/** Absolute. As root below /var/lib, for the private PostgreSQL runs as another account, which must get there. */
export function stateFolder(env: (name: string) => string | undefined, cwd: string): string {
  const given = env('THREESHIFT_STATE_DIR') ?? ''
  if (given !== '') return resolve(cwd, given)
  if (process.getuid?.() === 0) return '/var/lib/threeshift'
  const base = env('XDG_STATE_HOME') ?? ''
  return join(base === '' ? join(homedir(), '.local', 'state') : base, 'threeshift')
}

/** The database of THREESHIFT_DATABASE_URL, else the private one of the state folder, which is started when it has to be. */
export async function openDatabase(
  env: (name: string) => string | undefined,
  state: string,
  signal: AbortSignal,
): Promise<{ readonly url: Secret; readonly close: () => Promise<void> }> {
  const url = env('THREESHIFT_DATABASE_URL') ?? ''
  if (url !== '') return { url: new Secret(url), close: () => Promise.resolve() }
  const { SharedPostgres } = await import('./shared-postgres.ts')
  const shared = await SharedPostgres.open(join(state, 'postgres'), signal)
  return { url: shared.url, close: () => shared.close() }
}
