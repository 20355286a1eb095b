import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Party } from '../../src/model/party.ts'
import { Child } from './child.ts'

const main = fileURLToPath(new URL('../../src/app/main.ts', import.meta.url))
const engineProgram = fileURLToPath(new URL('programs/engine-process.ts', import.meta.url))
const agentProgram = fileURLToPath(new URL('programs/agent-process.ts', import.meta.url))

/** What the processes of an engine work on and with. */
export interface Stage {
  /** The state folder of the control plane; with a PostgreSQL of its own unless `databaseUrl` names one. */
  readonly state: string
  readonly databaseUrl?: string
  /** URL of the database that made-up steps change. */
  readonly world: string
  readonly rows: number
  readonly workMs: number
  /** Port of the control plane, and how long its leases count. */
  readonly port: number
  readonly leaseSeconds: number
  /** Milliseconds after which a worker without a sign of life is taken over; absent: longer than any test waits. */
  readonly silenceMs?: number
}

/** A worker, or the people who start the migration `name` and approve; see `programs/engine-process.ts`. It says `ready`. */
export function startEngineProcess(
  role: 'worker' | 'people',
  name: string,
  stage: Omit<Stage, 'port' | 'leaseSeconds'>,
) {
  return new Child([engineProgram, role, name], {
    STATE: stage.state,
    WORLD: stage.world,
    ROWS: String(stage.rows),
    WORK_MS: String(stage.workMs),
    ...(stage.silenceMs === undefined ? {} : { SILENCE_MS: String(stage.silenceMs) }),
    ...compiled(stage),
  })
}

/** `threeshift serve`. It says `Serving at`. */
export function startControlPlane(stage: Stage): Child {
  return new Child([main, 'serve', '--port', String(stage.port), '--lease', String(stage.leaseSeconds)], {
    THREESHIFT_STATE_DIR: stage.state,
    ...(stage.databaseUrl === undefined ? {} : { THREESHIFT_DATABASE_URL: stage.databaseUrl }),
    ...compiled(stage),
  })
}

/** A party's agent, with keys of its own, on the stage's control plane, which has served before. It says `"ready"`. */
export function startAgent(party: Party, token: string, stage: Stage): Child {
  return new Child([agentProgram], {
    PARTY: party,
    SERVER: `https://localhost:${stage.port}`,
    TOKEN: token,
    CA: join(stage.state, 'tls', 'ca.pem'),
    KEYS: join(stage.state, '..', `keys-of-${party}`),
    WORLD: stage.world,
    ROWS: String(stage.rows),
    WORK_MS: String(stage.workMs),
    ...compiled(stage),
  })
}

/** What one process has compiled, the next need not. */
function compiled({ state }: Pick<Stage, 'state'>): Readonly<Record<string, string>> {
  return { NODE_COMPILE_CACHE: join(state, '..', 'compile-cache') }
}
