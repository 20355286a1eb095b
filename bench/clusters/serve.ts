import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { systemClock } from '../../src/base/clock.ts'
import { openCluster } from '../../src/simulator/cluster/cluster.ts'

/** Serves a cluster with so many objects, so many of them pods, prints one JSON line, and ends with its standard input. */
const [dir = '', objects = '0', pods = '0'] = process.argv.slice(2)
const identity = { name: 'source', appsDomain: 'apps.source.example', region: 'eu-west-1' } as const
const cluster = await openCluster({
  ...identity,
  dir: join(dir, 'source'),
  port: 0,
  path: '/usr/bin',
  clock: systemClock,
})
const { store } = cluster
const before = performance.now()
store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } })
const here = store.list('namespaces').length
for (let at = 0; at < Number(pods); at++) {
  store.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${at}`, namespace: 'bench', labels: { app: 'web', shard: String(at % 10) } },
    spec: {
      nodeName: 'source-worker-0',
      containers: [
        {
          name: 'web',
          image: 'registry.example/web:1',
          env: Array.from({ length: 10 }, (_, number) => ({ name: `SETTING_${number}`, value: `value ${number}` })),
          ports: [{ containerPort: 8080, name: 'http' }],
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '512Mi' } },
        },
      ],
    },
    status: {
      phase: 'Running',
      podIP: '10.128.0.1',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({ type, status: 'True' })),
      containerStatuses: [{ name: 'web', ready: true, restartCount: 0, state: { running: {} } }],
    },
  })
}
for (let at = here + Number(pods); at < Number(objects); at++) {
  const metadata = { name: `object-${at}`, namespace: 'bench', labels: { app: 'web' } }
  const labels = { app: `web-${at}` }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'registry.example/web:1' }] } }
  if (at % 5 === 0) {
    store.create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { selector: { matchLabels: labels }, template },
    })
  } else store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text: 'x'.repeat(1000) } })
}
store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'changing', namespace: 'bench' }, data: {} })
const filledMs = Math.round(performance.now() - before)
process.stdout.write(`${JSON.stringify({ kubeconfig: cluster.kubeconfig, filledMs })}\n`)
process.stdin.resume()
await once(process.stdin, 'end')
await cluster.close()
