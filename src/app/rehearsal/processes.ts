import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { sleep } from '../../base/abort.ts'
import { parties, type Party } from '../../model/party.ts'
import type { Control } from './control.ts'
import { type OwnProcess, startOwn } from './own-process.ts'
import { worldNowSetting } from './rehearsal-pace.ts'
import type { RehearsalWorld } from './world.ts'

/** The processes of a migration, as its parties would start them. */
export interface Processes {
  readonly all: readonly OwnProcess[]
  /** The control plane, and the certificate that vouches for it (PEM). */
  readonly url: string
  readonly ca: string
}

const betweenLooksMs = 50
/** Who asks for the run; the people who approve are others. */
const requester = { party: 'rhoam-eng', name: 'rehearsal' } as const

/**
 * Starts `serve`, an `agent` for each party with nothing but its own settings, and `run`, each in a process of its own. What is
 * started is ended by what is put into `closing`. Faults: REHEARSAL_PROCESS_ENDED.
 */
export async function startProcesses(options: {
  readonly dir: string
  readonly common: Readonly<Record<string, string>>
  /** The migration's file. */
  readonly config: string
  readonly world: RehearsalWorld
  readonly control: Control
  readonly closing: (() => Promise<void>)[]
  readonly signal: AbortSignal
}): Promise<Processes> {
  const { dir, common, config, world, control, closing, signal } = options
  const all: OwnProcess[] = []
  const started = async (starting: Promise<OwnProcess>): Promise<OwnProcess> => {
    const own = await starting
    closing.push(() => own.stop())
    all.push(own)
    return own
  }
  const serve = await started(startOwn('serve', ['serve', '--port', '0', '--json'], control))
  const { url, ca } = await untilServing(serve, signal)
  const agents = parties.map(async (party) => {
    const home = join(dir, 'parties', party)
    await mkdir(home, { recursive: true, mode: 0o711 })
    const migrations = [world.migration.name]
    const { token } = await control.store.tokens.create({ party, role: 'agent', name: `agent of ${party}`, migrations })
    const file = join(home, 'token')
    await writeFile(file, token.reveal("it is put into a file of the party's own"), { mode: 0o600 })
    const args = ['agent', '--party', party, '--server', url, '--token', 'file:token', '--ca', ca]
    const env = { ...common, ...settingsOf(world, party), THREESHIFT_STATE_DIR: partyState(dir, party) }
    return started(startOwn(`agent-${party}`, args, { env, dir: home }))
  })
  await Promise.all(agents)
  const who = ['--party', requester.party, '--as', requester.name]
  const args = ['run', '-c', config, '--agents', parties.join(','), '--wait', ...who]
  await started(startOwn('run', args, control))
  return { all, url, ca: await readFile(ca, 'utf8') }
}

/** Where a party's agent keeps its keys, ledger and dumps. */
export function partyState(dir: string, party: Party): string {
  return join(dir, 'parties', party, 'state')
}

function settingsOf(world: RehearsalWorld, party: Party): Readonly<Record<string, string>> {
  return { ...Object.fromEntries(world.settings[party]), [worldNowSetting]: String(world.worldClock.now()) }
}

const listening = z.object({ url: z.string(), ca: z.string() })

/** Its first line of JSON says where it listens. */
async function untilServing(serve: OwnProcess, signal: AbortSignal): Promise<z.output<typeof listening>> {
  for (;;) {
    const line = (await serve.said())
      .split('\n')
      .slice(0, -1)
      .find((text) => text.startsWith('{'))
    if (line !== undefined) return listening.parse(JSON.parse(line))
    const how = await Promise.race([serve.ended, sleep(betweenLooksMs, signal).then(() => null)])
    if (how !== null) throw await serve.endedTooSoon(how)
  }
}
