import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'

/** A server's key and its certificate, which vouches for itself: whoever is to trust it is given the certificate. Both PEM. */
export interface SelfMadeCertificate {
  readonly key: string
  readonly certificate: string
}

/**
 * Makes a certificate (ECDSA P-256) for host names and IP addresses; the first is also its subject.
 *
 * `from` and `until` in milliseconds since 1970, before 2050. Source: RFC 5280, section 4; X.690 for the bytes.
 */
export function makeCertificate(
  hosts: readonly [string, ...string[]],
  { from, until }: { readonly from: number; readonly until: number },
): SelfMadeCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(oid('550403'), tlv(0x0c, Buffer.from(hosts[0])))))
  const algorithm = sequence(oid('2a8648ce3d040302'))
  const content = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    name,
    sequence(utcTime(from), utcTime(until)),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    tlv(
      0xa3,
      sequence(
        extension('551d13', sequence(tlv(0x01, Buffer.from([0xff])))),
        // Signs certificates (itself) and handshakes.
        extension('551d0f', tlv(0x03, Buffer.from([2, 0b1000_0100]))),
        extension('551d11', sequence(...hosts.map(generalName))),
      ),
    ),
  )
  const signature = sign('sha256', content, privateKey)
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    certificate: pem(sequence(content, algorithm, tlv(0x03, Buffer.from([0]), signature))),
  }
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  if (value.length < 0x80) return Buffer.concat([Buffer.from([tag, value.length]), value])
  const length = value.length < 0x100 ? [0x81, value.length] : [0x82, value.length >> 8, value.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), value])
}

const sequence = (...parts: readonly Buffer[]) => tlv(0x30, ...parts)
const set = (...parts: readonly Buffer[]) => tlv(0x31, ...parts)
const integer = (value: Buffer) => tlv(0x02, value)
/** `body`: the object identifier's bytes, hex. */
const oid = (body: string) => tlv(0x06, Buffer.from(body, 'hex'))
const extension = (id: string, value: Buffer) => sequence(oid(id), tlv(0x04, value))

function utcTime(epochMs: number): Buffer {
  const digits = new Date(epochMs).toISOString().replaceAll(/\D/g, '')
  return tlv(0x17, Buffer.from(`${digits.slice(2, 14)}Z`))
}

function generalName(host: string): Buffer {
  if (isIP(host) === 4) return tlv(0x87, Buffer.from(host.split('.').map(Number)))
  if (isIP(host) === 6) throw new Error('bug: an IPv6 address cannot be put into a certificate yet')
  return tlv(0x82, Buffer.from(host))
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
