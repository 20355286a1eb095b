import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { Clock } from '../../base/clock.ts'
import { Accounts } from './access/accounts.ts'
import { type Certificate, makeCertificate } from './access/certificate.ts'
import { administrators } from './access/default-roles.ts'
import { writeKubeconfig } from './access/kubeconfig.ts'
import { ApiServer } from './api/api-server.ts'
import type { ApiContext } from './api/context.ts'
import { FaultScript } from './fault-script.ts'
import { fault } from './faults.ts'
import { kinds } from './kinds.ts'
import { ObjectStore } from './object-store.ts'
import type { PodRuntime } from './pod-runtime.ts'
import { localPods } from './pods/local-pods.ts'
import { PodLogs } from './pods/pod-logs.ts'
import { RequestJournal } from './request-journal.ts'
import { type ClusterIdentity, seed } from './seed.ts'
import { addServiceAccounts } from './service-accounts.ts'
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

/**
 * Opens what is in `dir`, or a new cluster, and serves it on loopback. A script of faults in its `faults.json` holds from the start.
 * Faults: CLUSTER_PORT_TAKEN, CLUSTER_FOLDER_BUSY, CLUSTER_SCRIPT_INVALID.
 */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { dir, name, clock, path } = options
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const certificate = readCertificate(join(dir, 'certificate.json'), name, clock)
  const portFile = join(dir, 'port')
  const lastPort = existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : 0
  if (lastPort !== 0 && (await isServed(lastPort, certificate))) {
    throw fault('CLUSTER_FOLDER_BUSY', { cluster: name, folder: dir, port: lastPort })
  }
  const faults = readScript(join(dir, 'faults.json'))
  const store = ObjectStore.open({
    kinds,
    file: join(dir, 'objects.jsonl'),
    clock,
    ...(options.rememberedChanges === undefined ? {} : { rememberedChanges: options.rememberedChanges }),
  })
  addServiceAccounts(store)
  seed(store, options, randomUUID)
  const podsFolder = join(dir, 'pods')
  const logs = new PodLogs(podsFolder, clock)
  const pods = localPods({ store, logs, folder: podsFolder, path })
  const accounts = Accounts.open(join(dir, 'accounts.json'), clock)
  const journal = new RequestJournal(join(dir, 'requests.jsonl'))
  const context = { store, accounts, pods, logs, faults, journal, clock, bookmarkMs: options.bookmarkMs ?? 60_000 }
  const server = await serveAt(context, certificate, options, lastPort).catch((error: unknown) => {
    store.close()
    throw error
  })
  writeFileSync(portFile, String(server.port))
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
      await pods.close()
      store.close()
    },
  }
}

/** On the wanted port; else on that of the last time, so that old kubeconfigs hold; else on any. */
async function serveAt(
  context: ApiContext,
  certificate: Certificate,
  { name, port }: ClusterOptions,
  lastPort: number,
): Promise<ApiServer> {
  try {
    return await ApiServer.open(context, certificate, port === 0 ? lastPort : port)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    if (port !== 0) throw fault('CLUSTER_PORT_TAKEN', { cluster: name, port }, error)
    return ApiServer.open(context, certificate, 0)
  }
}

/** Whether somebody on that port holds this certificate's key: then it is this cluster. */
function isServed(port: number, { certificate }: Certificate): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca: certificate, ALPNProtocols: ['http/1.1'] })
    const end = (served: boolean) => (): void => {
      socket.destroy()
      resolve(served)
    }
    socket.once('secureConnect', end(true))
    socket.once('error', end(false))
    socket.setTimeout(2000, end(false))
  })
}

/** The faults that a cluster starts with. */
function readScript(file: string): FaultScript {
  const script = new FaultScript()
  if (!existsSync(file)) return script
  try {
    script.load(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it cannot be read'
    throw fault('CLUSTER_SCRIPT_INVALID', { file, reason }, error)
  }
  return script
}

function readCertificate(file: string, name: string, clock: Clock): Certificate {
  // Nobody but this function writes the file.
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Certificate
  const made = makeCertificate(`threeshift ${name}`, clock.now())
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 })
  return made
}
