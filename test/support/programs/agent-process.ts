import { readFileSync } from 'node:fs'
import process from 'node:process'
import { runAgent } from '../../../src/agent/agent.ts'
import { controlClient } from '../../../src/agent/control-client.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { Secret } from '../../../src/base/secret.ts'
import { Stop } from '../../../src/base/stop.ts'
import { verbRunner } from '../../../src/engine/run-verb.ts'
import { loadOrCreateKey } from '../../../src/evidence/key-file.ts'
import { parties } from '../../../src/model/party.ts'
import { rowsNamed } from '../engine-plan.ts'
import { countingSteps } from '../engine-steps.ts'

/*
 * An agent of PARTY with steps that count their effects in a real database, as a process that can be killed. SERVER,
 * TOKEN, CA (file), KEYS (folder): as of `threeshift agent`. WORLD: URL; ROWS: how many; WORK_MS: of each verb. Prints its
 * events as JSON lines. SIGTERM ends it in order.
 */
const { PARTY, SERVER = '', TOKEN = '', CA = '', KEYS = '', WORLD = '', ROWS = '', WORK_MS = '0' } = process.env
const party = parties.find((candidate) => candidate === PARTY) ?? 'customer'
const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort(new Stop('operator')))
const fake = countingSteps(
  rowsNamed(Number(ROWS)).map(({ id }) => id),
  WORLD,
  { workMs: Number(WORK_MS) },
)
const client = controlClient({ url: SERVER, token: new Secret(TOKEN), ca: readFileSync(CA, 'utf8'), proxy: {} })
await runAgent({
  client,
  party,
  runner: verbRunner(fake.steps, (where, error) => process.stderr.write(`${where} ${String(error)}\n`)),
  key: () => loadOrCreateKey(KEYS, party),
  clock: systemClock,
  onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  signal: stopping.signal,
})
client.close()
await fake.close()
