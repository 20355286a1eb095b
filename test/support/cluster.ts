import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/base/clock.ts'
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
