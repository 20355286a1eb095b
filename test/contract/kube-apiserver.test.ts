import process from 'node:process'
import { test } from 'node:test'
import { openCluster } from '../../src/adapters/openshift/cluster.ts'
import { quickTiming } from '../support/clusters.ts'
import { startKubeApiserver } from '../support/kube-apiserver.ts'
import { temporaryFolder } from '../support/servers.ts'
import { clusterContract } from './cluster.contract.ts'

/** A folder with etcd and kube-apiserver, as kubebuilder's tools keep them. */
const programs = process.env['KUBEBUILDER_ASSETS']

if (programs === undefined) {
  const reason = 'KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver'
  test('the port Cluster, by a real kube-apiserver', { skip: reason }, () => undefined)
} else {
  clusterContract('a real kube-apiserver', async () => {
    const server = await startKubeApiserver(programs, temporaryFolder())
    const enter = () =>
      openCluster({
        access: server.access,
        expected: null,
        timing: quickTiming,
        signal: new AbortController().signal,
      })
    const [cluster, others] = [await enter(), await enter()]
    return {
      cluster,
      others,
      // There is no controller manager, and no kubelet.
      collectsGarbage: false,
      close: async () => {
        cluster.close()
        others.close()
        await server.stop()
      },
    }
  })
}
