import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ClusterAccess } from '../../src/adapters/openshift/access.ts'
import { freePort } from '../../src/adapters/servers/free-port.ts'
import { type ServerProcess, startServerProcess } from '../../src/adapters/servers/server-process.ts'
import { makeCertificate } from '../../src/base/self-made-certificate.ts'
import { Secret } from '../../src/base/secret.ts'
import { KindTable } from '../../src/simulator/cluster/kind-table.ts'
import { kinds } from '../../src/simulator/cluster/kinds.ts'
import type { NewObject } from '../../src/simulator/cluster/kube-object.ts'
import { customResourceDefinitions } from '../../src/simulator/controllers/world/base-cluster.ts'

/** A real API server, with the kinds of OpenShift as CustomResourceDefinitions and an Infrastructure. Nothing runs in it. */
export interface KubeApiserver {
  readonly access: ClusterAccess
  stop(): Promise<void>
}

const dayMs = 86_400_000
const longestStartMs = 180_000

/** Starts etcd and kube-apiserver of the folder `programs` on loopback, with all that they keep below `dir`. */
export async function startKubeApiserver(programs: string, dir: string): Promise<KubeApiserver> {
  const running: ServerProcess[] = []
  const stop = async () => {
    for (const process of running.splice(0).toReversed()) await process.stop(['SIGTERM'])
  }
  const start = async (name: string, args: readonly string[]) => {
    const cwd = join(dir, name)
    mkdirSync(cwd, { recursive: true, mode: 0o700 })
    const log = join(dir, `${name}.log`)
    running.push(
      await startServerProcess({ program: join(programs, name), args, env: {}, cwd, log, lastSignal: 'TERM' }),
    )
  }
  try {
    const [client, peer, secure] = [await freePort(), await freePort(), await freePort()]
    const [clientUrl, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`]
    await start('etcd', [
      `--data-dir=${join(dir, 'etcd', 'data')}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
    ])
    const token = new Secret(randomBytes(24).toString('hex'))
    const { certificate, files } = writeKeys(dir, token)
    await start('kube-apiserver', [
      `--etcd-servers=${clientUrl}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${secure}`,
      `--tls-cert-file=${files.certificate}`,
      `--tls-private-key-file=${files.key}`,
      `--service-account-key-file=${files.accounts}`,
      `--service-account-signing-key-file=${files.accounts}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--authorization-mode=RBAC',
      '--disable-admission-plugins=ServiceAccount',
      `--token-auth-file=${files.tokens}`,
    ])
    const server = { url: `https://127.0.0.1:${secure}`, certificate, token }
    await untilReady(server)
    await install(server)
    const read = () => Promise.resolve(token)
    return { access: { kind: 'token', server: server.url, certificateAuthority: certificate, read }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Server {
  readonly url: string
  readonly certificate: string
  readonly token: Secret
}

function writeKeys(dir: string, token: Secret) {
  const now = Date.now()
  const { key, certificate } = makeCertificate(['127.0.0.1'], { from: now - dayMs, until: now + dayMs })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const accounts = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const tokens = `${token.reveal('let the API server know it')},administrator,administrator,system:masters\n`
  const contents = { key, certificate, accounts, tokens }
  // Each content has its file.
  const files = Object.fromEntries(Object.keys(contents).map((name) => [name, join(dir, name)])) as Record<
    keyof typeof contents,
    string
  >
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(dir, name), content, { mode: 0o600 })
  return { certificate, files }
}

async function untilReady(server: Server): Promise<void> {
  const until = Date.now() + longestStartMs
  for (;;) {
    const status = await ask(server, 'GET', '/readyz').catch(() => 0)
    if (status === 200) return
    if (Date.now() > until) throw new Error(`kube-apiserver is not ready: its last answer was ${status}`)
    await pause(200)
  }
}

async function install(server: Server): Promise<void> {
  const seen = new Set<string>()
  for (const definition of customResourceDefinitions({ kinds: new KindTable(kinds) })) {
    const { name = '' } = definition.metadata
    // A kind with two versions is one definition.
    if (seen.has(name)) continue
    seen.add(name)
    // The test itself writes the status of the Infrastructure, in one piece with it.
    const plain = name === 'infrastructures.config.openshift.io' ? withoutSubresources(definition) : definition
    await make(server, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', plain)
  }
  const infrastructure = {
    apiVersion: 'config.openshift.io/v1',
    kind: 'Infrastructure',
    metadata: { name: 'cluster' },
    status: { infrastructureName: 'real-x7k2p', apiServerURL: server.url, platformStatus: { type: 'None' } },
  }
  await make(server, '/apis/config.openshift.io/v1/infrastructures', infrastructure)
}

function withoutSubresources(definition: NewObject): NewObject {
  return JSON.parse(
    JSON.stringify(definition, (key, value: unknown) => (key === 'subresources' ? undefined : value)),
  ) as NewObject
}

/** A definition is served a moment after it was made. */
async function make(server: Server, path: string, object: NewObject): Promise<void> {
  const until = Date.now() + longestStartMs
  for (;;) {
    const status = await ask(server, 'POST', path, object)
    if (status === 201) return
    if (status !== 404 || Date.now() > until) throw new Error(`${path} ${object.metadata.name}: HTTP ${status}`)
    await pause(100)
  }
}

function ask({ url, certificate, token }: Server, method: string, path: string, body?: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, {
      method,
      ca: certificate,
      headers: {
        authorization: `Bearer ${token.reveal('ask the API server')}`,
        'content-type': 'application/json',
      },
    })
    sent.once('error', reject)
    sent.once('response', (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    })
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
