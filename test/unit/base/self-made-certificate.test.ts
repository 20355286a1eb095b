import assert from 'node:assert/strict'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { createServer } from 'node:https'
import { connect } from 'node:tls'
import { test } from 'node:test'
import { makeCertificate } from '../../../src/base/self-made-certificate.ts'

const now = Date.now()
const made = makeCertificate(['control.example.com', 'localhost', '127.0.0.1'], {
  from: now - 60_000,
  until: now + 86_400_000,
})

test('a certificate says for whom and until when it is good, and is signed by its own key', () => {
  const certificate = new X509Certificate(made.certificate)
  assert.equal(certificate.subject, 'CN=control.example.com')
  assert.equal(certificate.subjectAltName, 'DNS:control.example.com, DNS:localhost, IP Address:127.0.0.1')
  assert.ok(certificate.verify(certificate.publicKey))
  assert.ok(certificate.checkPrivateKey(createPrivateKey(made.key)))
  assert.ok(certificate.ca)
  assert.equal(new Date(certificate.validTo).getTime(), Math.floor((now + 86_400_000) / 1000) * 1000)
})

test('whoever has the certificate trusts the server, under its names only; whoever has not does not', async () => {
  const server = createServer({ key: made.key, cert: made.certificate })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const outcome = (servername: string, ca?: string) =>
    new Promise<string>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: address.port, servername, ...(ca === undefined ? {} : { ca }) })
      socket.once('secureConnect', () => (socket.destroy(), resolve('trusted')))
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    })
  try {
    assert.equal(await outcome('localhost', made.certificate), 'trusted')
    assert.equal(await outcome('other.example.com', made.certificate), 'ERR_TLS_CERT_ALTNAME_INVALID')
    assert.equal(await outcome('localhost'), 'DEPTH_ZERO_SELF_SIGNED_CERT')
  } finally {
    server.close()
  }
})
