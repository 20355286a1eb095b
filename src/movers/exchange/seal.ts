import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { Decrypter, Encrypter } from 'age-encryption'
import type { Secret } from '../../base/secret.ts'
import { fault } from './faults.ts'

/*
 * Files of the format age-encryption.org/v1, that the `age` program opens. The library makes and reads the header, which is
 * where the keys are. The payload is ours: the library's ciphers are JavaScript, those of OpenSSL several hundred
 * times as fast (bench below a test's property: both read what the other wrote). Once the library uses them, delete it.
 *
 * Source: age-encryption.org/v1, "Payload": 16 bytes of nonce; then chunks of 64 KiB, each with a tag of 16 bytes, under
 * ChaCha20-Poly1305; a chunk's nonce is its number in 11 bytes and 1 for the last chunk.
 */

const chunkBytes = 64 * 1024
const tagBytes = 16
const nonceBytes = 16
const cipherName = 'chacha20-poly1305'

/** How long a sealed message of a length is, but for its header. */
export function payloadLength(plainBytes: number): number {
  return nonceBytes + plainBytes + tagBytes * Math.max(1, Math.ceil(plainBytes / chunkBytes))
}

/** Encrypts bytes for all of the recipients (`age1…`). Out: a whole age file. */
export async function seal(plain: Uint8Array, recipients: readonly string[]): Promise<Buffer> {
  let fileKey: Uint8Array | undefined
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  // A recipient that adds nothing to the header and is told the key.
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Uint8Array.from(key)
      return []
    },
  })
  const empty = await encrypter.encrypt(new Uint8Array())
  if (fileKey === undefined) throw new Error('bug: age made a header without a key')
  const header = empty.subarray(0, empty.length - payloadLength(0))
  const sealed = Buffer.allocUnsafe(header.length + payloadLength(plain.length))
  sealed.set(header, 0)
  const nonce = randomBytes(nonceBytes)
  nonce.copy(sealed, header.length)
  const key = payloadKey(fileKey, nonce)
  let at = header.length + nonceBytes
  for (let from = 0, number = 0; from === 0 || from < plain.length; from += chunkBytes, number++) {
    const chunk = plain.subarray(from, from + chunkBytes)
    const isLast = from + chunkBytes >= plain.length
    const cipher = createCipheriv(cipherName, key, chunkNonce(number, isLast), { authTagLength: tagBytes })
    at += cipher.update(chunk).copy(sealed, at)
    cipher.final()
    at += cipher.getAuthTag().copy(sealed, at)
  }
  return sealed
}

export type Opened =
  | { readonly kind: 'opened'; readonly plain: Buffer }
  /** It is encrypted for somebody else. */
  | { readonly kind: 'wrong-key' }
  /** It is no whole age file. */
  | { readonly kind: 'damaged' }

/** Decrypts a whole age file; nothing of one that is cut off or changed is given. */
export async function open(sealed: Uint8Array, identity: Secret): Promise<Opened> {
  const headerBytes = headerLength(sealed)
  if (headerBytes === null || sealed.length < headerBytes + payloadLength(0)) return { kind: 'damaged' }
  const decrypter = new Decrypter()
  try {
    decrypter.addIdentity(identity.reveal('age decrypts with it'))
  } catch {
    // What the library says quotes the key.
    throw fault('EXCHANGE_KEY_UNREADABLE', { what: 'identity', why: 'of the kind that is needed' })
  }
  let fileKey: Uint8Array
  try {
    fileKey = await decrypter.decryptHeader(sealed.subarray(0, headerBytes))
  } catch (error) {
    const isOther = error instanceof Error && /no identity matched/.test(error.message)
    return { kind: isOther ? 'wrong-key' : 'damaged' }
  }
  const payload = sealed.subarray(headerBytes)
  const key = payloadKey(fileKey, payload.subarray(0, nonceBytes))
  const whole = chunkBytes + tagBytes
  const plain = Buffer.allocUnsafe(payload.length)
  let to = 0
  for (let from = nonceBytes, number = 0; from < payload.length; from += whole, number++) {
    const chunk = payload.subarray(from, from + whole)
    const isLast = from + whole >= payload.length
    if (chunk.length < tagBytes) return { kind: 'damaged' }
    const decipher = createDecipheriv(cipherName, key, chunkNonce(number, isLast), { authTagLength: tagBytes })
    decipher.setAuthTag(chunk.subarray(chunk.length - tagBytes))
    to += decipher.update(chunk.subarray(0, chunk.length - tagBytes)).copy(plain, to)
    try {
      decipher.final()
    } catch {
      return { kind: 'damaged' }
    }
  }
  return { kind: 'opened', plain: plain.subarray(0, to) }
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32))
}

function chunkNonce(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(number, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

/** The header is text; its last line begins with three hyphens. */
function headerLength(sealed: Uint8Array): number | null {
  const buffer = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (!buffer.subarray(0, 22).equals(Buffer.from('age-encryption.org/v1\n'))) return null
  const mac = buffer.indexOf('\n--- ')
  const end = mac < 0 ? -1 : buffer.indexOf('\n', mac + 1)
  return end < 0 ? null : end + 1
}
