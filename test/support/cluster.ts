import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { systemClock } from '../../src/base/clock.ts'
import type { ObjectMeta } from '../../src/simulator/cluster/kube-object.ts'
import { type Cluster, type ClusterOptions, openCluster } from '../../src/simulator/cluster/cluster.ts'

/** Where set-up puts kubectl; where it puts none, the machine's own is taken. */
const installed = fileURLToPath(new URL('../../.tools/kubectl/kubectl', import.meta.url))

export function clusterOptions(dir: string): ClusterOptions {
  const path = process.env.PATH ?? ''
  return {
    name: 'source',
    appsDomain: 'apps.source.example',
    region: 'eu-west-1',
    dir,
    port: 0,
    path,
    clock: systemClock,
  }
}

/**
 * Serves a simulated cluster before the tests of the file, and ends it after. `prepare`: what is done before the first test.
 * Out: a function that gives it inside a hook or a test.
 */
export function withCluster(extra: Partial<ClusterOptions> = {}, prepare?: () => Promise<void>): () => Cluster {
  let cluster: Cluster | undefined
  const dir = mkdtempSync(join(tmpdir(), 'threeshift-cluster-'))
  before(async () => {
    cluster = await openCluster({ ...clusterOptions(dir), ...extra })
    await prepare?.()
  })
  after(async () => {
    await cluster?.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return () => {
    if (cluster === undefined) throw new Error('the cluster is not served: ask for it inside a test or hook')
    return cluster
  }
}

export interface KubectlResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface KubectlOptions {
  readonly input?: string | Buffer
  readonly onStdout?: (text: string) => void
  readonly signal?: AbortSignal
}

/** Runs a stock kubectl with a kubeconfig; its caches are beside that file. */
export async function runKubectl(
  kubeconfig: string,
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<KubectlResult> {
  const home = `${kubeconfig}.home`
  mkdirSync(home, { recursive: true })
  const program = existsSync(installed) ? installed : 'kubectl'
  const child = spawn(program, ['--kubeconfig', kubeconfig, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: home },
    stdio: 'pipe',
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    options.onStdout?.(stdout)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => (error.name === 'AbortError' ? undefined : reject(error)))
    child.once('close', resolve)
  })
  return { code, stdout, stderr }
}

export interface Answer {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Of a JSON answer. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface AskOptions {
  readonly method?: string
  readonly body?: unknown
  readonly type?: string
  readonly accept?: string
  readonly token?: string
}

function accessOf(cluster: Cluster) {
  const file = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8')) as {
    clusters: readonly { cluster: { 'certificate-authority-data': string } }[]
    users: readonly { user: { token: string } }[]
  }
  return {
    ca: Buffer.from(file.clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64'),
    token: file.users[0]?.user.token ?? '',
  }
}

/** One request over HTTPS, as the administrator unless `token` says otherwise. Rejects when the connection breaks. */
export function ask(cluster: Cluster, path: string, options: AskOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = openRequest(cluster, path, options)
    sent.once('error', reject)
    sent.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('error', reject)
      response.once('end', () => {
        const isJson = response.headers['content-type'] === 'application/json' && !text.includes('}\n{')
        const body = isJson ? (JSON.parse(text) as Answer['body']) : {}
        resolve({ code: response.statusCode ?? 0, headers: response.headers, text, body })
      })
    })
  })
}

/** As `ask`, for answers that are to be read while they come. */
export function openRequest(cluster: Cluster, path: string, options: AskOptions = {}): ClientRequest {
  const { ca, token } = accessOf(cluster)
  const sent = request(`${cluster.url}${path}`, {
    ca,
    agent: false,
    method: options.method ?? 'GET',
    headers: {
      authorization: `Bearer ${options.token ?? token}`,
      'content-type': options.type ?? 'application/json',
      ...(options.accept === undefined ? {} : { accept: options.accept }),
    },
  })
  sent.end(options.body === undefined ? undefined : JSON.stringify(options.body))
  return sent
}

/** The events of a watch, one at a time; ends with it. */
export async function* watchEvents(
  cluster: Cluster,
  path: string,
): AsyncGenerator<{
  readonly type: string
  readonly object: Readonly<Record<string, unknown>> & { readonly metadata: ObjectMeta }
}> {
  const sent = openRequest(cluster, path)
  try {
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    // Whoever stops watching breaks the connection.
    const lines = createInterface(response).on('error', () => undefined)
    for await (const line of lines) yield JSON.parse(line) as never
  } finally {
    sent.destroy()
  }
}

/** An exec as a client of one protocol sees it. */
export function openExec(cluster: Cluster, path: string, protocol: string): WebSocket {
  const { ca, token } = accessOf(cluster)
  const url = `${cluster.url.replace('https:', 'wss:')}${path}`
  return new WebSocket(url, [protocol], { ca, headers: { authorization: `Bearer ${token}` } })
}
