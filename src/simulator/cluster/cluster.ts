import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { Accounts } from './access/accounts.ts'
import { type Certificate, makeCertificate } from './access/certificate.ts'
import { administrators } from './access/default-roles.ts'
import { writeKubeconfig } from './access/kubeconfig.ts'
import { ApiServer } from './api/api-server.ts'
import { FaultScript } from './fault-script.ts'
import { kinds } from './kinds.ts'
import { ObjectStore } from './object-store.ts'
import type { PodRuntime } from './pod-runtime.ts'
import { localPods } from './pods/local-pods.ts'
import { PodLogs } from './pods/pod-logs.ts'
import { RequestJournal } from './request-journal.ts'
import { type ClusterIdentity, seed } from './seed.ts'
import type { ClusterStore } from './store.ts'

export interface ClusterOptions extends ClusterIdentity {
  /** Absolute; made when missing. Everything that the cluster keeps is below it, so that it goes on after a restart. */
  readonly dir: string
  /** 0: the port of the last time when it is free, else any. */
  readonly port: number
  /** Where the programs that pods run are looked for, as in PATH. */
  readonly path: string
  readonly clock: Clock
  /** How many changes at least a watch may go back. */
  readonly rememberedChanges?: number
  readonly bookmarkMs?: number
}

/** A simulated OpenShift cluster that is being served. */
export interface Cluster {
  readonly name: string
  readonly url: string
  /** The file with which `kubectl --kubeconfig` is its administrator. */
  readonly kubeconfig: string
  readonly store: ClusterStore
  readonly pods: PodRuntime
  readonly accounts: Accounts
  readonly faults: FaultScript
  readonly journal: RequestJournal
  /** Writes a kubeconfig for another user, with a lasting token. Out: the file. */
  kubeconfigFor(user: string, groups: readonly string[]): string
  /** Breaks connections, frees the port, closes files. May be called again. */
  close(): Promise<void>
}

/** Opens what is in `dir`, or a new cluster, and serves it on loopback. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { dir, name, clock, path } = options
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const store = ObjectStore.open({
    kinds,
    file: join(dir, 'objects.jsonl'),
    clock,
    ...(options.rememberedChanges === undefined ? {} : { rememberedChanges: options.rememberedChanges }),
  })
  seed(store, options, randomUUID)
  const podsFolder = join(dir, 'pods')
  const logs = new PodLogs(podsFolder, clock)
  const pods = localPods({ store, logs, folder: podsFolder, path })
  const accounts = Accounts.open(join(dir, 'accounts.json'), clock)
  const faults = new FaultScript()
  const scripted = join(dir, 'faults.json')
  if (existsSync(scripted)) faults.load(JSON.parse(readFileSync(scripted, 'utf8')))
  const journal = new RequestJournal(join(dir, 'requests.jsonl'))
  const certificate = readCertificate(join(dir, 'certificate.json'), name, clock)
  const context = { store, accounts, pods, logs, faults, journal, clock, bookmarkMs: options.bookmarkMs ?? 60_000 }
  const server = await serveAt(context, certificate, options.port, join(dir, 'port'))
  const url = `https://127.0.0.1:${server.port}`
  const kubeconfigFor = (user: string, groups: readonly string[]): string => {
    const file = join(dir, user === 'kube:admin' ? 'kubeconfig' : `kubeconfig-${user.replaceAll(/[^\w.-]/g, '-')}`)
    const token = accounts.tokenOf(user, groups)
    writeKubeconfig(file, { name, server: url, certificate: certificate.certificate }, { name: user, token })
    return file
  }
  const kubeconfig = kubeconfigFor('kube:admin', [administrators])
  return {
    name,
    url,
    kubeconfig,
    store,
    pods,
    accounts,
    faults,
    journal,
    kubeconfigFor,
    close: async () => {
      await server.close()
      store.close()
    },
  }
}

/** On the wanted port; on that of the last time, so that old kubeconfigs hold; else on any. */
async function serveAt(
  context: Parameters<typeof ApiServer.open>[0],
  certificate: Certificate,
  port: number,
  file: string,
): Promise<ApiServer> {
  const last = port === 0 && existsSync(file) ? Number(readFileSync(file, 'utf8')) : port
  const server = await ApiServer.open(context, certificate, last).catch((error: NodeJS.ErrnoException) => {
    if (port !== 0 || error.code !== 'EADDRINUSE') throw error
    return ApiServer.open(context, certificate, 0)
  })
  writeFileSync(file, String(server.port))
  return server
}

function readCertificate(file: string, name: string, clock: Clock): Certificate {
  // Nobody but this function writes the file.
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Certificate
  const made = makeCertificate(`threeshift ${name}`, clock.now())
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 })
  return made
}
