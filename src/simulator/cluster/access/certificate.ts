import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { EpochMs } from '../../../base/clock.ts'

export interface Certificate {
  /** PEM; its own authority. */
  readonly certificate: string
  /** PEM, PKCS #8, without a passphrase. */
  readonly key: string
}

const dayMs = 24 * 60 * 60 * 1000
const validDays = 3650

/**
 * A key and a certificate for `localhost` and 127.0.0.1, which is its own authority, valid from a day ago for ten years.
 *
 * Node can read certificates and not make them, hence the DER by hand: RFC 5280, with ECDSA on P-256.
 */
export function makeCertificate(commonName: string, now: EpochMs): Certificate {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' })
  const name = sequence(set(sequence(objectId('2.5.4.3'), der(0x0c, Buffer.from(commonName)))))
  const algorithm = sequence(objectId('1.2.840.10045.4.3.2'))
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(15)])
  const signed = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    name,
    sequence(time(now - dayMs), time(now + validDays * dayMs)),
    name,
    publicKey,
    der(0xa3, sequence(...extensions())),
  )
  const signature = sign('sha256', signed, pair.privateKey)
  return {
    certificate: pem('CERTIFICATE', sequence(signed, algorithm, bitString(signature))),
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function extensions(): Buffer[] {
  const alternatives = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])))
  const usage = sequence(objectId('1.3.6.1.5.5.7.3.1'))
  return [
    extension('2.5.29.19', sequence(boolean(true)), true),
    // digitalSignature and keyCertSign
    extension('2.5.29.15', der(0x03, Buffer.from([2, 0b1000_0100])), true),
    extension('2.5.29.37', usage, false),
    extension('2.5.29.17', alternatives, false),
  ]
}

function extension(id: string, value: Buffer, critical: boolean): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), der(0x04, value))
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const length = content.length
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...header]), content])
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return der(0x30, ...contents)
}

function set(...contents: readonly Buffer[]): Buffer {
  return der(0x31, ...contents)
}

/** The first byte is below 0x80, or it would be a negative one. */
function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes)
}

function boolean(value: boolean): Buffer {
  return der(0x01, Buffer.from([value ? 0xff : 0]))
}

function bitString(bytes: Buffer): Buffer {
  return der(0x03, Buffer.from([0]), bytes)
}

/** GeneralizedTime from 2050 on, UTCTime before, as RFC 5280 wants it. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return Number(digits.slice(0, 4)) < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}

function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f]
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80)
  return bytes
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
