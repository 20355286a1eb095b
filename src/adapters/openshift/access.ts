import { BlockList, isIP, isIPv6 } from 'node:net'
import { Agent, type RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import type { Secret } from '../../base/secret.ts'
import { fault } from './faults.ts'
import { reasonOf } from './failure.ts'

/** How one gets into a cluster. `read` is called again when the cluster no longer accepts what it gave. */
export type ClusterAccess =
  /** A kubeconfig; file names in it are meant from `folder`. Without `context`: the current one. */
  | {
      readonly kind: 'kubeconfig'
      readonly read: () => Promise<Secret>
      readonly folder: string
      readonly context?: string
    }
  /** A bearer token. `certificateAuthority`: PEM; left out: those that Node trusts. */
  | {
      readonly kind: 'token'
      readonly server: string
      readonly certificateAuthority?: string
      readonly read: () => Promise<Secret>
    }

/** What HTTPS_PROXY and NO_PROXY say. A proxy that the kubeconfig names goes first. */
export interface Proxies {
  readonly https?: Secret
  readonly except?: string
}

/** What a request or a WebSocket needs to get through: Node's options for TLS, with the headers that say who asks. */
export type DialOptions = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'auth'> & {
  readonly agent: Agent
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The way into one cluster. Reads credentials when it is opened and when `renew` is called, keeps connections open
 * between requests until `close`.
 *
 * TLS and authentication are those of the Kubernetes client, and only they: see the README. Refused are a kubeconfig
 * that runs a program to get a token, and one that does not verify TLS. Faults: OPENSHIFT_CONFIG_UNUSABLE.
 */
export class Dialer {
  readonly #access: ClusterAccess
  readonly #proxies: Proxies
  #config: KubeConfig
  #fingerprint: Secret
  #agent: Agent | null = null
  #generation = 0

  static async open(access: ClusterAccess, proxies: Proxies): Promise<Dialer> {
    const text = await access.read()
    return new Dialer(access, proxies, text)
  }

  private constructor(access: ClusterAccess, proxies: Proxies, text: Secret) {
    this.#access = access
    this.#proxies = proxies
    this.#fingerprint = text
    this.#config = configOf(access, proxies, text)
  }

  /** Such as `https://api.example.com:6443`, without a slash at its end. */
  get server(): string {
    return clusterOf(this.#config).server
  }

  /** Counts the credentials that have been read; to be given to `renew`. */
  get generation(): number {
    return this.#generation
  }

  async options(): Promise<DialOptions> {
    const options: RequestOptions = {}
    await this.#config.applyToHTTPSOptions(options).catch((error: unknown) => {
      throw unusable(`its certificate or key cannot be read (${reasonOf(error)})`)
    })
    this.#agent ??= agentOf(options, clusterOf(this.#config).proxyUrl !== undefined)
    // The client library fills in exactly these; headers are of its own making, and text.
    return { ...options, agent: this.#agent, headers: options.headers ?? {} } as DialOptions
  }

  /** Reads the credentials again. True: they are others than those of `generation`, which were refused. */
  async renew(generation: number): Promise<boolean> {
    if (generation !== this.#generation) return true
    const text = await this.#access.read()
    if (text.equals(this.#fingerprint)) return false
    const server = this.server
    const config = configOf(this.#access, this.#proxies, text)
    // A login on another cluster has rewritten the file: that is no way into this one.
    if (clusterOf(config).server !== server) return false
    this.close()
    this.#fingerprint = text
    this.#config = config
    this.#generation++
    return true
  }

  close(): void {
    this.#agent?.destroy()
    this.#agent = null
  }
}

/** The library's agents open a connection per request; with a proxy they are the ones that know how to pass it. */
function agentOf(options: RequestOptions, throughProxy: boolean): Agent {
  if (throughProxy && options.agent instanceof Agent) return options.agent
  const { ca, cert, key, servername } = options
  const given = Object.entries({ ca, cert, key, servername }).filter(([, value]) => value !== undefined)
  return new Agent({ ...Object.fromEntries(given), keepAlive: true, keepAliveMsecs: 30_000 })
}

function configOf(access: ClusterAccess, proxies: Proxies, text: Secret): KubeConfig {
  const config = new KubeConfig()
  if (access.kind === 'token') {
    const { server, certificateAuthority } = access
    const caData = certificateAuthority === undefined ? {} : { caData: encode(certificateAuthority) }
    config.loadFromClusterAndUser(
      { name: 'cluster', server: server.replace(/\/$/, ''), skipTLSVerify: false, ...caData },
      { name: 'user', token: text.reveal('to present it to the cluster').trim() },
    )
  } else loadKubeconfig(config, access, text)
  const cluster = clusterOf(config)
  if (!/^https:\/\/[^/@]+(?:\/[^@?#]*)?$/.test(cluster.server))
    throw unusable('the server of its cluster is no https URL')
  if (cluster.skipTLSVerify) throw unusable('insecure-skip-tls-verify is set')
  const through = proxies.https?.reveal('to pass the proxy')
  if (cluster.proxyUrl !== undefined || through === undefined || isExcepted(cluster.server, proxies.except))
    return config
  const proxied = { ...cluster, proxyUrl: through }
  config.clusters = config.clusters.map((other) => (other.name === cluster.name ? proxied : other))
  return config
}

function loadKubeconfig(config: KubeConfig, access: ClusterAccess & { kind: 'kubeconfig' }, text: Secret): void {
  try {
    config.loadFromString(text.reveal('to read the kubeconfig'))
    config.makePathsAbsolute(access.folder)
  } catch {
    // The parser's message quotes lines of the file.
    throw unusable('it is not a kubeconfig in YAML')
  }
  if (access.context !== undefined) {
    if (config.getContextObject(access.context) === null) throw unusable(`it has no context ${access.context}`)
    config.setCurrentContext(access.context)
  }
  const user = config.getCurrentUser()
  if (config.getCurrentCluster() === null || user === null) throw unusable('its context names no cluster, or no user')
  // The library fills absent fields with null or undefined.
  if (user.exec || user.authProvider) throw unusable('it runs a program or a plug-in to get a token')
}

function clusterOf(config: KubeConfig) {
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('bug: a kubeconfig without a cluster was let in')
  return cluster
}

function unusable(reason: string) {
  return fault('OPENSHIFT_CONFIG_UNUSABLE', { reason })
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** Whether NO_PROXY names the host: itself, a domain above it, a network in CIDR notation, or `*`. */
function isExcepted(server: string, except = ''): boolean {
  const host = new URL(server).hostname.replace(/^\[|\]$/g, '')
  return except.split(',').some((entry) => {
    const name = entry.trim().replace(/^\*?\./, '')
    if (name === '' || name === '*') return name === '*'
    if (isIP(host) !== 0 && name.includes('/')) return isInNetwork(host, name)
    return host === name || host.endsWith(`.${name}`)
  })
}

function isInNetwork(host: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/')
  if (isIP(network) === 0 || !/^\d{1,3}$/.test(bits)) return false
  const family = isIPv6(network) ? 'ipv6' : 'ipv4'
  const most = family === 'ipv6' ? 128 : 32
  if (Number(bits) > most) return false
  const list = new BlockList()
  list.addSubnet(network, Number(bits), family)
  return list.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
}
