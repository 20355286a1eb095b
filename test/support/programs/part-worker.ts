import process from 'node:process'
import { engineAccess } from '../../../src/app/engine-access.ts'
import { registeredChunks } from '../../../src/app/steps.ts'
import { openTools } from '../../../src/app/tools.ts'
import { systemClock } from '../../../src/base/clock.ts'

/*
 * A worker that runs no row, only chunks, as any `threeshift run` does beside its rows. THREESHIFT_DATABASE_URL: the engine's;
 * STATE: a folder; and what the migration's references name. It says `ready`, and stays until it is killed.
 */
const env = (name: string) => process.env[name]
const { signal } = new AbortController()
const [cwd, clock] = [process.cwd(), systemClock]
const chunks = registeredChunks((migration, party) =>
  openTools({ party, migration, context: { env, cwd, signal }, stateFolder: env('STATE') ?? '', clock }),
)
await engineAccess({ env, cwd, clock, steps: new Map(), chunks }).open({
  worker: true,
  onNote: (line) => void process.stderr.write(`${line}\n`),
  signal,
})
process.stdout.write('ready\n')
