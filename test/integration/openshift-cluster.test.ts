import { clusterContract } from '../contract/cluster.contract.ts'
import { enter, withSimulatedCluster } from '../support/clusters.ts'

const simulated = withSimulatedCluster()

clusterContract('the simulated cluster', async () => {
  const { store } = simulated()
  const container = { namespace: 'default', pod: 'toolbox', container: 'main' }
  store.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: container.pod, namespace: container.namespace },
    spec: { containers: [{ name: container.container, image: 'registry.example/toolbox' }] },
    status: { phase: 'Running' },
  })
  const cluster = await enter(simulated())
  const others = await enter(simulated())
  return {
    cluster,
    others,
    container,
    collectsGarbage: true,
    close: async () => {
      cluster.close()
      others.close()
    },
  }
})
