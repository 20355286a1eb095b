import type { ClusterStore } from './store.ts'

/** Gives every namespace that appears from now on the service accounts that OpenShift gives it. Out: ends it. */
export function addServiceAccounts(store: ClusterStore): () => void {
  return store.watch('namespaces', {}, ({ type, object }) => {
    if (type !== 'ADDED') return
    const namespace = object.metadata.name
    for (const name of ['default', 'builder', 'deployer']) {
      store.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } })
    }
  })
}
