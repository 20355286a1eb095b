import { Secret } from '../../base/secret.ts'
import { fault } from './faults.ts'
import { open, seal } from './seal.ts'

/** Encrypts a few bytes of text for one recipient (`age1…`). Out: a whole age file, in base64. */
export async function sealText(secret: Secret, recipient: string): Promise<string> {
  const plain = Buffer.from(secret.reveal('it is encrypted for its receiver'))
  return (await seal(plain, [recipient])).toString('base64')
}

/** What `sealText` was given. Faults: EXCHANGE_KEY_UNREADABLE. */
export async function openText(sealed: string, identity: Secret): Promise<Secret> {
  const opened = await open(Buffer.from(sealed, 'base64'), identity)
  if (opened.kind !== 'opened') throw fault('EXCHANGE_KEY_UNREADABLE', { what: 'sealed text', why: 'one for this key' })
  return new Secret(opened.plain.toString())
}
