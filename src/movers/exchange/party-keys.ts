import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { z } from 'zod'
import { Secret } from '../../base/secret.ts'
import type { PartyCard, PartyKeys } from '../../ports/exchange.ts'
import { fault } from './faults.ts'

const cardSchema = z.object({
  party: z.string().min(1).max(100),
  recipient: z.string().regex(/^age1[0-9a-z]{58}$/),
  verifier: z.base64().length(44),
})

/** New keys: X25519 to be encrypted for, Ed25519 to sign with. */
export async function makePartyKeys(party: string): Promise<PartyKeys> {
  const identity = await generateX25519Identity()
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const card = {
    party,
    recipient: await identityToRecipient(identity),
    verifier: Buffer.from(x, 'base64url').toString('base64'),
  }
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  return { card, identity: new Secret(identity), signingKey: new Secret(pem) }
}

/** Faults: EXCHANGE_CARD_UNREADABLE, naming the file. */
export function readCard(text: string, file: string): PartyCard {
  try {
    return cardSchema.parse(JSON.parse(text))
  } catch (error) {
    throw fault('EXCHANGE_CARD_UNREADABLE', { file }, error)
  }
}

/** The key must be that of the card, or nobody could check the signature. Faults: EXCHANGE_KEY_UNREADABLE. */
export function signAs({ card, signingKey }: Pick<PartyKeys, 'card' | 'signingKey'>, text: string): string {
  let key: KeyObject
  try {
    key = createPrivateKey(signingKey.reveal('a manifest is signed with it'))
  } catch {
    // OpenSSL's error may quote what it was given.
    throw fault('EXCHANGE_KEY_UNREADABLE', { what: 'signing key', why: 'of the kind that is needed' })
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw fault('EXCHANGE_KEY_UNREADABLE', { what: 'signing key', why: 'of the kind that is needed' })
  const signature = sign(null, Buffer.from(text), key).toString('base64')
  if (!isSignedBy(card, text, signature)) {
    throw fault('EXCHANGE_KEY_UNREADABLE', { what: 'signing key', why: `that of the card of ${card.party}` })
  }
  return signature
}

export function isSignedBy({ verifier }: Pick<PartyCard, 'verifier'>, text: string, signature: string): boolean {
  const x = Buffer.from(verifier, 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'))
}
