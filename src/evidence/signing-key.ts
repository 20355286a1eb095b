import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto'
import type { Digest, KeyHolder, KeyId, Lineage, Signature } from '../model/evidence.ts'
import type { Json } from '../model/json.ts'
import { canonicalJson } from '../base/canonical-json.ts'

/** What a signature is for; it is part of what is signed, so that none can stand in for one of another purpose. */
export type SigningPurpose = 'statement' | 'seal' | 'manifest' | 'key'

/** A holder's private key in use, with the public keys that led to it. */
export interface SigningKey {
  readonly holder: KeyHolder
  readonly id: KeyId
  readonly lineage: Lineage
  sign(purpose: SigningPurpose, value: Json): Signature
}

/** SHA-256 of text as UTF-8, or of bytes. */
export function digestOf(content: string | Uint8Array): Digest {
  // A hex digest of SHA-256 is what a Digest is.
  return createHash('sha256').update(content).digest('hex') as Digest
}

/** The name of a public key given as base64 of its 32 bytes. */
export function keyId(publicKey: string): KeyId {
  return digestOf(Buffer.from(publicKey, 'base64'))
}

/** Makes a key; `before` is the same holder's key up to now, which vouches for the new one. */
export function generateKey(
  holder: KeyHolder,
  before?: SigningKey,
): { readonly privateKey: KeyObject; readonly lineage: Lineage } {
  const { privateKey } = generateKeyPairSync('ed25519')
  const publicKey = publicKeyOf(privateKey)
  const endorsement = before?.sign('key', { holder, publicKey }) ?? null
  return { privateKey, lineage: [...(before?.lineage ?? []), { publicKey, endorsement }] }
}

/** Joins a private key with its lineage. Throws when they do not belong together. */
export function signingKey(holder: KeyHolder, privateKey: KeyObject, lineage: Lineage): SigningKey {
  const publicKey = publicKeyOf(privateKey)
  if (lineage.at(-1)?.publicKey !== publicKey) throw new Error('bug: the lineage ends with another key')
  const id = keyId(publicKey)
  return {
    holder,
    id,
    lineage,
    sign: (purpose, value) => ({
      key: id,
      value: signBytes(null, signedText(purpose, value), privateKey).toString('base64'),
    }),
  }
}

/** True when `signature` was made over exactly this value, for this purpose, by this key (base64 of its 32 bytes). */
export function isSignedBy(publicKey: string, signature: Signature, purpose: SigningPurpose, value: Json): boolean {
  if (signature.key !== keyId(publicKey)) return false
  const bytes = Buffer.from(signature.value, 'base64')
  // Base64 has several texts for the same bytes; only one of them is taken.
  if (bytes.toString('base64') !== signature.value) return false
  return verifyBytes(null, signedText(purpose, value), publicKeyObject(publicKey), bytes)
}

/** True when every key after the first `known` ones is endorsed by the one before it. */
export function isEndorsed(holder: KeyHolder, lineage: Lineage, known: number): boolean {
  return lineage.every(({ publicKey, endorsement }, at) => {
    if (at < known) return true
    const before = lineage[at - 1]
    if (before === undefined) return endorsement === null
    return endorsement !== null && isSignedBy(before.publicKey, endorsement, 'key', { holder, publicKey })
  })
}

function signedText(purpose: SigningPurpose, value: Json): Buffer {
  return Buffer.from(`threeshift-${purpose}\n${canonicalJson(value)}`)
}

function publicKeyOf(privateKey: KeyObject): string {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return Buffer.from(x, 'base64url').toString('base64')
}

function publicKeyObject(publicKey: string): KeyObject {
  const x = Buffer.from(publicKey, 'base64').toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

/** The private key's text for a file: PKCS #8, PEM. */
export function exportPrivateKey(privateKey: KeyObject): string {
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

/** Throws when the text is no Ed25519 private key. */
export function importPrivateKey(pem: string): KeyObject {
  const key = createPrivateKey(pem)
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('not an Ed25519 key')
  return key
}
