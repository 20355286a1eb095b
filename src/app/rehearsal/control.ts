import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { ControlPlaneStore } from '../../ports/control-plane.ts'
import type { Engine } from '../../ports/engine.ts'
import { controlPlaneAccess } from '../control-plane.ts'
import { engineAccess } from '../engine-access.ts'

/** Whoever runs the migration: the folder and environment of the control plane's commands, and what it looks and steers by. */
export interface Control {
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
  readonly keyFolder: string
  readonly engine: Engine
  readonly store: ControlPlaneStore
  close(): Promise<void>
}

/** The part of the environment that every process of a rehearsal has. */
export function commonEnvironment(env: (name: string) => string | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    ['PATH', 'TMPDIR', 'NODE_COMPILE_CACHE'].flatMap((name) => {
      const value = env(name) ?? ''
      return value === '' ? [] : [[name, value]]
    }),
  )
}

/** Opens it on a private PostgreSQL below `dir`, which ends with this process. Abort: throws the reason. */
export async function openControl(options: {
  readonly dir: string
  readonly common: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<Control> {
  const { common, clock, signal } = options
  const dir = join(options.dir, 'control')
  const env = { ...common, THREESHIFT_STATE_DIR: join(dir, 'state') }
  const settings = new Map(Object.entries(env))
  const here = { env: (name: string) => settings.get(name), cwd: dir, clock }
  const access = controlPlaneAccess({ ...here, steps: new Map() })
  const store = await access.open({ onNote: unsaid, signal })
  try {
    const engine = await engineAccess({ ...here, steps: new Map(), chunks: new Map() }).open({
      worker: false,
      onNote: unsaid,
      signal,
    })
    return {
      dir,
      env,
      keyFolder: access.keyFolder(),
      engine,
      store,
      close: async () => {
        await engine.close()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** What it does is seen in the migration itself. */
function unsaid(): void {}
