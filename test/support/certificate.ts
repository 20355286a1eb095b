import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * Writes a key and a certificate for this machine's loopback names, and for others, into a folder; the certificate is
 * its own CA.
 */
export function writeCertificate(
  folder: string,
  names: readonly string[] = [],
): { readonly key: string; readonly certificate: string } {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', key].concat([
      '-out',
      certificate,
      '-addext',
      `subjectAltName=${['localhost', ...names].map((name) => `DNS:${name}`).join(',')},IP:127.0.0.1`,
    ]),
    { stdio: 'ignore' },
  )
  return { key, certificate }
}
