import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { Secret } from '../base/secret.ts'
import { makeCertificate } from '../base/self-made-certificate.ts'

const dayMs = 86_400_000
const goodForMs = 800 * dayMs

/**
 * The self-made key and certificate of a folder, which agents trust by being given `file`; made anew when there is none, when it
 * is about to run out, and when it is not good for one of `names` (beside `localhost` and 127.0.0.1).
 */
export async function selfMadeTls(
  folder: string,
  names: readonly string[],
  clock: Clock,
  onNote: (line: string) => void,
): Promise<{ readonly key: Secret; readonly certificate: string; readonly file: string }> {
  const [both, file] = [join(folder, 'control-plane.pem'), join(folder, 'ca.pem')]
  const wanted = ['localhost', '127.0.0.1', ...names] as const
  const found = await readFile(both, 'utf8').catch(() => null)
  const kept = found === null ? null : split(found)
  if (kept !== null && isGood(kept.certificate, wanted, clock.now() + dayMs)) {
    return { key: new Secret(kept.key), certificate: kept.certificate, file }
  }
  if (kept !== null) onNote(`The certificate is made anew; agents need the new one: ${file}`)
  const now = clock.now()
  const { key, certificate } = makeCertificate(wanted, { from: now - dayMs, until: now + goodForMs })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // One file holds both, so that they always belong together.
  await writeFile(`${both}.new`, `${key}${certificate}`, { mode: 0o600 })
  await rename(`${both}.new`, both)
  await writeFile(file, certificate)
  return { key: new Secret(key), certificate, file }
}

function split(text: string): { readonly key: string; readonly certificate: string } | null {
  const at = text.indexOf('-----BEGIN CERTIFICATE-----')
  return at < 0 ? null : { key: text.slice(0, at), certificate: text.slice(at) }
}

function isGood(certificate: string, names: readonly string[], until: number): boolean {
  const read = new X509Certificate(certificate)
  const covers = (name: string) => (isIP(name) === 0 ? read.checkHost(name) : read.checkIP(name)) !== undefined
  return new Date(read.validTo).getTime() > until && names.every(covers)
}
