import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ClientRequest } from 'node:http'
import { request } from 'node:https'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const server = fileURLToPath(new URL('clusters/serve.ts', import.meta.url))
const results = fileURLToPath(new URL('results', import.meta.url))
const objects = 5000
const pods = 1000
const watchers = 50
const rounds = 7
const changes = 200

/**
 * `npm run bench -- clusters`: 1,000 pods among 5,000 objects in one simulated cluster, in a process of its own: how long lists
 * take over HTTPS, how soon 50 watchers hear of changes, and what memory it needs. Writes bench/results/clusters-<date>.json.
 */
export async function run(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'threeshift-bench-clusters-'))
  const serving = spawn(process.execPath, [server, dir, String(objects), String(pods)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const lines = createInterface(serving.stdout)[Symbol.asyncIterator]()
    const ready = JSON.parse((await lines.next()).value ?? '{}') as { kubeconfig: string; filledMs: number }
    const ask = client(ready.kubeconfig)
    const report = {
      date: new Date().toISOString().slice(0, 10),
      node: process.version,
      machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
      loadAverage: loadavg()[0],
      objects,
      pods,
      fillMs: ready.filledMs,
      listPodsMs: await timed(serving.pid ?? 0, () => ask.read('/api/v1/pods')),
      listAllMs: await timed(serving.pid ?? 0, async () => {
        for (const path of ['/api/v1/pods', '/api/v1/configmaps', '/apis/apps/v1/deployments']) await ask.read(path)
      }),
      listPodsTableMs: await timed(serving.pid ?? 0, () =>
        ask.read('/api/v1/pods', 'application/json;as=Table;v=v1;g=meta.k8s.io'),
      ),
      watchers,
      ...(await timeWatchers(ask)),
      serverResidentMB: residentMB(serving.pid ?? 0),
    }
    mkdirSync(results, { recursive: true })
    const file = join(results, `clusters-${report.date}.json`)
    writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
    process.stdout.write(`${JSON.stringify(report, null, 2)}\nwritten: ${file}\n`)
  } finally {
    serving.stdin.end()
    await once(serving, 'close')
    rmSync(dir, { recursive: true, force: true })
  }
}

interface Client {
  readonly open: (
    path: string,
    options?: { readonly method?: string; readonly accept?: string; readonly body?: string },
  ) => ClientRequest
  /** The bytes of an answer. */
  readonly read: (path: string, accept?: string) => Promise<number>
}

function client(kubeconfig: string): Client {
  const file = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }]
    users: [{ user: { token: string } }]
  }
  const { cluster } = file.clusters[0]
  const ca = Buffer.from(cluster['certificate-authority-data'], 'base64')
  const authorization = `Bearer ${file.users[0].user.token}`
  const open: Client['open'] = (path, options = {}) => {
    const { method = 'GET', accept = 'application/json', body } = options
    const headers = { authorization, accept, 'content-type': 'application/merge-patch+json' }
    return request(`${cluster.server}${path}`, { ca, method, headers }).end(body)
  }
  const read: Client['read'] = async (path, accept) => {
    const [response] = await once(open(path, accept === undefined ? {} : { accept }), 'response')
    let bytes = 0
    for await (const chunk of response) bytes += chunk.length
    return bytes
  }
  return { open, read }
}

/** The median of some rounds after a first that does not count, the worst, and what CPU the server took for one. */
async function timed(server: number, work: () => Promise<unknown>): Promise<object> {
  await work()
  const took: number[] = []
  const cpuBefore = cpuMs(server)
  for (let round = 0; round < rounds; round++) {
    const before = performance.now()
    await work()
    took.push(Math.round(performance.now() - before))
  }
  took.sort((a, b) => a - b)
  const serverCpu = Math.round((cpuMs(server) - cpuBefore) / rounds)
  return { median: took[Math.floor(rounds / 2)] ?? 0, worst: took.at(-1) ?? 0, serverCpu }
}

/** Changes are made one after another; each is over when all watchers have heard of it. */
async function timeWatchers({ open }: Client): Promise<object> {
  let heard = 0
  let wanted = 0
  let wake: (() => void) | undefined
  const open50 = Array.from({ length: watchers }, async () => {
    const sent = open('/api/v1/namespaces/bench/configmaps?watch=1&fieldSelector=metadata.name%3Dchanging')
    const [response] = await once(sent, 'response')
    // It is broken when all has been measured.
    response.on('error', () => undefined)
    createInterface(response)
      .on('error', () => undefined)
      .on('line', () => {
        heard += 1
        if (heard >= wanted) wake?.()
      })
    return sent
  })
  const sockets = await Promise.all(open50)
  const took: number[] = []
  for (let change = 0; change < changes; change++) {
    // The first, which every watch begins with, is of the object itself.
    wanted = watchers * (change + 1)
    const all = new Promise<void>((resolve) => (wake = resolve))
    const before = performance.now()
    const body = JSON.stringify({ data: { change: String(change) } })
    const [response] = await once(
      open('/api/v1/namespaces/bench/configmaps/changing', { method: 'PATCH', body }),
      'response',
    )
    response.resume()
    if (heard < wanted) await all
    took.push(performance.now() - before)
  }
  for (const socket of sockets) socket.destroy()
  took.sort((a, b) => a - b)
  const at = (share: number) => Math.round((took[Math.floor(took.length * share)] ?? 0) * 10) / 10
  return { changeHeardByAllMs: { median: at(0.5), p95: at(0.95) } }
}

/** In user and system mode; Linux counts in hundredths of a second. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function residentMB(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(line) / 1024)
}
