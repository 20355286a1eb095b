import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Moto, startMoto } from '../../src/adapters/servers/moto.ts'
import { temporaryFolder } from './servers.ts'

/** Where set-up puts moto. */
export const motoPrograms = fileURLToPath(new URL('../../.tools/moto/bin', import.meta.url))

/**
 * Starts an emulator of AWS before the tests of the file (or `describe`) that calls it, and ends it after.
 *
 * Out: a function that gives the running emulator inside a hook or a test, and throws before.
 */
export function withMoto(settings: Readonly<Record<string, string>> = {}): () => Moto {
  let running: Moto | undefined
  const dir = temporaryFolder()
  before(async () => {
    const { signal } = new AbortController()
    running = await startMoto({ dir: join(dir, 'moto'), binaries: motoPrograms, settings, signal })
  })
  after(async () => {
    await running?.stop()
    rmSync(dir, { recursive: true, force: true })
  })
  return () => {
    if (running === undefined) throw new Error('moto is not running: ask for it inside a test or hook')
    return running
  }
}

/**
 * Calls an action of one of the services with a form, such as IAM's `CreateUser`, and gives the answer's XML; for
 * services whose client the project does not have.
 */
export async function callMoto(moto: Moto, service: string, form: Readonly<Record<string, string>>): Promise<string> {
  const scope = `test/20260101/us-east-1/${service}/aws4_request`
  const response = await fetch(moto.endpoint, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams(form),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${service} ${form.Action}: HTTP ${response.status}: ${text}`)
  return text
}

/** From now on moto holds every call to the rules of IAM, or takes any again. */
export async function enforceIam(moto: Pick<Moto, 'endpoint'>, enforced: boolean): Promise<void> {
  const body = enforced ? '0' : 'inf'
  await (await fetch(`${moto.endpoint}/moto-api/reset-auth`, { method: 'POST', body })).text()
}
