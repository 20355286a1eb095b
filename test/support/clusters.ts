import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before } from 'node:test'
import type { ClusterAccess } from '../../src/adapters/openshift/access.ts'
import { openCluster as enterCluster } from '../../src/adapters/openshift/cluster.ts'
import type { Timing } from '../../src/adapters/openshift/http.ts'
import { systemClock } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import { type Cluster as SimulatedCluster, openCluster } from '../../src/simulator/cluster/cluster.ts'
import { temporaryFolder } from './servers.ts'

/** Waits of the adapter that make tests short; each is still longer than what it waits for. */
export const quickTiming: Partial<Timing> = {
  waitsMs: [5, 10, 20, 50],
  silenceMs: 5000,
  requestMs: 20_000,
  watchSilenceMs: 400,
  watchMs: 2000,
  pingMs: 300,
}

/** Serves a simulated cluster before the tests of the file (or `describe`) that calls it, and ends it after. */
export function withSimulatedCluster(options: { readonly rememberedChanges?: number } = {}): () => SimulatedCluster {
  let running: SimulatedCluster | undefined
  let dir = ''
  before(async () => {
    dir = temporaryFolder()
    running = await startSimulatedCluster(dir, options)
  })
  after(async () => {
    await running?.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return () => {
    if (running === undefined) throw new Error('no cluster is served: ask inside a test or hook')
    return running
  }
}

export function startSimulatedCluster(
  dir: string,
  options: { readonly name?: string; readonly rememberedChanges?: number } = {},
): Promise<SimulatedCluster> {
  const { name = 'source', ...rest } = options
  return openCluster({
    dir: join(dir, name),
    name,
    appsDomain: `apps.${name}.example`,
    region: 'eu-west-1',
    port: 0,
    path: process.env['PATH'] ?? '',
    clock: systemClock,
    bookmarkMs: 100,
    ...rest,
  })
}

/** The access that a kubeconfig file gives. */
export function accessOf(file: string): ClusterAccess {
  return {
    kind: 'kubeconfig',
    read: () => Promise.resolve(new Secret(readFileSync(file, 'utf8'))),
    folder: join(file, '..'),
  }
}

/** Enters a simulated cluster as its administrator, or with another kubeconfig. */
export function enter(
  simulated: SimulatedCluster,
  options: { readonly kubeconfig?: string; readonly timing?: Partial<Timing> } = {},
): Promise<Cluster> {
  return enterCluster({
    access: accessOf(options.kubeconfig ?? simulated.kubeconfig),
    expected: null,
    timing: { ...quickTiming, ...options.timing },
    signal: new AbortController().signal,
  })
}
