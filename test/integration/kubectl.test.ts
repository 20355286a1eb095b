import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type KubectlOptions, runKubectl, withCluster } from '../support/cluster.ts'

const cluster = withCluster({}, async () => {
  await succeeds('create namespace shop')
  await succeeds('apply -f -', { input: manifest('web:1') })
  await succeeds('create -f -', { input: runner })
  await succeeds(`-n shop patch pod runner --subresource=status --type=merge -p ${running}`)
})

/** A stock kubectl as the cluster's administrator. */
function kubectl(args: string, options?: KubectlOptions) {
  return runKubectl(cluster().kubeconfig, args.split(' '), options)
}

/** As `kubectl`; fails unless it ended well. Out: what it printed. */
async function succeeds(args: string, options?: KubectlOptions): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, options)
  assert.equal(code, 0, `kubectl ${args}: ${stdout}${stderr}`)
  return stdout
}

function manifest(image: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
        spec: {
          replicas: 2,
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 80 }] }] },
          },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'database', namespace: 'shop' },
        stringData: { password: 'p@ss:/?#word' },
      },
    ],
  })
}

const runner = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'runner', namespace: 'shop', labels: { app: 'runner' } },
  spec: {
    nodeName: 'source-worker-0',
    containers: [
      {
        name: 'main',
        image: 'tools',
        env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'database', key: 'password' } } }],
      },
    ],
  },
})

const running = JSON.stringify({
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ name: 'main', ready: true, restartCount: 0, state: { running: {} } }],
  },
})

describe('what there is', () => {
  test('api-resources names the kinds of Kubernetes, OpenShift, 3scale and RHOAM with their short names', async () => {
    const lines = await succeeds('api-resources')
    assert.match(lines, /^deployments +deploy +apps\/v1 +true +Deployment$/m)
    assert.match(lines, /^deploymentconfigs +dc +apps.openshift.io\/v1 +true +DeploymentConfig$/m)
    assert.match(lines, /^apimanagers +apps.3scale.net\/v1alpha1 +true +APIManager$/m)
    assert.match(lines, /^rhmis +integreatly.org\/v1alpha1 +true +RHMI$/m)
    assert.match(lines, /^customdomains +managed.openshift.io\/v1alpha1 +false +CustomDomain$/m)
  })

  test('get shows tables, wide ones, all namespaces, chunks, labels, and whole objects', async () => {
    assert.match(
      await succeeds('-n shop get deployments -o wide'),
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE|web +0\/2/m,
    )
    assert.match(await succeeds('get pods --all-namespaces'), /^NAMESPACE +NAME[^\n]*\nshop +runner +1\/1 +Running +0/)
    const names = await succeeds('get namespaces -o name --chunk-size=2')
    assert.match(names, /namespace\/default\n[^]*namespace\/shop\n/)
    assert.equal(await succeeds('-n shop get pods -l app=web,tier!=x -o name'), '')
    assert.equal(
      await succeeds('-n shop get pods -l app -o name --field-selector status.phase=Running'),
      'pod/runner\n',
    )
    const password = await succeeds('-n shop get secret database -o jsonpath={.data.password}')
    assert.equal(Buffer.from(password, 'base64').toString(), 'p@ss:/?#word')
    assert.match((await kubectl('-n shop get secret nothing')).stderr, /NotFound\): secrets "nothing" not found/)
  })

  test('describe and explain put objects and kinds into words', async () => {
    const pod = await succeeds('-n shop describe pod runner')
    assert.match(pod, /Status: +Running/)
    assert.match(pod, /PASSWORD: +<set to the key 'password' in secret 'database'>/)
    assert.match(await succeeds('-n shop describe deployment web'), /Replicas: +\d desired[^]*Port: +80\/TCP/)
    assert.match(await succeeds('explain deployment.spec.replicas'), /FIELD: replicas <integer>/)
    assert.match(await succeeds('explain rhmi.spec'), /routingSubdomain\s+<string>/)
  })
})

describe('changes', () => {
  test('apply changes what differs, and nothing when nothing does', async () => {
    await succeeds('apply -f -', { input: manifest('web:1') })
    assert.match(await succeeds('apply -f -', { input: manifest('web:1') }), /deployment.apps\/web unchanged/)
    assert.match(await succeeds('apply -f -', { input: manifest('web:2') }), /deployment.apps\/web configured/)
    assert.equal(await succeeds('-n shop get deploy web -o jsonpath={..image}'), 'web:2')
  })

  test('apply on the server refuses fields of another manager unless it is forced', async () => {
    await succeeds('apply -f -', { input: manifest('web:2') })
    const refused = await kubectl('apply --server-side --field-manager=other -f -', { input: manifest('web:3') })
    assert.equal(refused.code, 1)
    assert.match(
      refused.stderr,
      /conflict with "kubectl-client-side-apply" using apps\/v1: \S*containers\[name="web"\].image/,
    )
    const forced = '--server-side --field-manager=other --force-conflicts'
    assert.match(await succeeds(`apply ${forced} -f -`, { input: manifest('web:3') }), /web serverside-applied/)
    assert.match(
      await succeeds('-n shop get deploy web -o yaml --show-managed-fields'),
      /manager: other\n +operation: Apply/,
    )
  })

  test('patch takes all three kinds', async () => {
    const strategic = '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"1"}]}]}}}}'
    await succeeds(`-n shop patch deploy web -p ${strategic}`)
    await succeeds('-n shop patch deploy web --type=merge -p {"metadata":{"labels":{"tier":"front"}}}')
    await succeeds('-n shop patch deploy web --type=json -p [{"op":"add","path":"/metadata/labels/more","value":"x"}]')
    const labels = await succeeds('-n shop get deploy web -o jsonpath={.metadata.labels}')
    assert.deepEqual(JSON.parse(labels), { app: 'web', tier: 'front', more: 'x' })
    assert.match(await succeeds('-n shop get deploy web -o jsonpath={..containers}'), /"env":\[.*"image":"web:/)
    const wrong = await kubectl('-n shop patch deploy web --type=json -p [{"op":"remove","path":"/spec/nothing"}]')
    assert.match(wrong.stderr, /the server rejected our request/)
  })

  test('scale sets replicas of deployments and of deployment configs, and minds what it was told to be', async () => {
    await succeeds('-n shop scale deployment web --replicas=5')
    assert.equal(await succeeds('-n shop get deploy web -o jsonpath={.spec.replicas}'), '5')
    const wrong = await kubectl('-n shop scale deployment web --replicas=1 --current-replicas=3')
    assert.match(wrong.stderr, /Expected replicas to be 3, was 5/)
    const config = {
      apiVersion: 'apps.openshift.io/v1',
      kind: 'DeploymentConfig',
      metadata: { name: 'zync' },
      spec: {},
    }
    await succeeds('-n shop create -f -', { input: JSON.stringify(config) })
    await succeeds('-n shop scale dc/zync --replicas=0')
    assert.match(await succeeds('-n shop get dc zync'), /NAME +REVISION +DESIRED[^\n]*\nzync +0 +0/)
  })

  test('create makes what stock clients send as protocol buffers', async () => {
    await succeeds('-n shop create deployment made --image=made:1 --replicas=3 --port=81')
    const made = JSON.parse(await succeeds('-n shop get deployment made -o json')) as {
      spec: { replicas: number; template: { spec: object } }
    }
    assert.equal(made.spec.replicas, 3)
    assert.deepEqual(made.spec.template.spec, {
      containers: [{ name: 'made', image: 'made:1', ports: [{ containerPort: 81, protocol: 'TCP' }] }],
    })
    await succeeds('-n shop create job once --image=job:1')
    assert.equal(await succeeds('-n shop get job once -o jsonpath={..image}'), 'job:1')
  })

  test('a dry run on the server changes nothing', async () => {
    await succeeds('create namespace never --dry-run=server')
    assert.match((await kubectl('get namespace never')).stderr, /NotFound/)
  })

  test('delete waits for dependents in the foreground, and a namespace takes everything along', async () => {
    await succeeds('create namespace gone')
    await succeeds('-n gone create configmap a --from-literal=x=1')
    await succeeds('-n gone delete configmap a --cascade=foreground')
    await succeeds('-n gone create secret generic b --from-literal=x=1')
    assert.match(await succeeds('delete namespace gone'), /namespace "gone" deleted/)
    assert.match((await kubectl('-n gone get secrets')).stdout, /^$/)
  })
})

describe('waiting', () => {
  test('wait ends with the condition, and with the deletion', async () => {
    await succeeds('-n shop wait --for=condition=Ready pod/runner --timeout=60s')
    await succeeds('-n shop create configmap short --from-literal=x=1')
    const waiting = succeeds('-n shop wait --for=delete configmap/short --timeout=60s')
    await succeeds('-n shop delete configmap short')
    await waiting
  })

  test('get --watch prints what changes', async () => {
    const stop = new AbortController()
    const added = Promise.withResolvers<void>()
    const removed = Promise.withResolvers<void>()
    const watching = kubectl('-n shop get configmaps --watch --output-watch-events', {
      signal: stop.signal,
      onStdout: (text) => {
        // Those that are there come first: then it watches.
        if (/ADDED +first/.test(text)) added.resolve()
        if (/DELETED +second/.test(text)) removed.resolve()
      },
    })
    await succeeds('-n shop create configmap first --from-literal=x=1')
    await added.promise
    await succeeds('-n shop create configmap second --from-literal=x=1')
    await succeeds('-n shop patch configmap second --type=merge -p {"data":{"x":"2","y":"3"}}')
    await succeeds('-n shop delete configmap second')
    await removed.promise
    stop.abort()
    assert.match((await watching).stdout, /ADDED +second +1 [^]*MODIFIED +second +2 [^]*DELETED +second +2 /)
  })
})

describe('pods', () => {
  test('exec runs a real program with the environment of the container, and gives its exit code', async () => {
    const failing = await runKubectl(cluster().kubeconfig, [
      '-n',
      'shop',
      'exec',
      'runner',
      '--',
      'sh',
      '-c',
      'echo $PASSWORD; echo oops >&2; exit 3',
    ])
    assert.equal(failing.code, 3)
    assert.equal(failing.stdout, 'p@ss:/?#word\n')
    assert.match(failing.stderr, /^oops\ncommand terminated with exit code 3/)
    assert.equal((await kubectl('-n shop exec runner -- no-such-program')).code, 127)
    assert.match((await kubectl('-n shop exec nobody -- true')).stderr, /pods "nobody" not found/)
  })

  test('exec hands a stream through and back, and its end', async () => {
    const input = Buffer.alloc(3_000_000, '0123456789abcde\n')
    const { code, stdout } = await kubectl('-n shop exec -i runner -- cat', { input })
    assert.equal(code, 0)
    assert.equal(stdout, input.toString())
  })

  test('logs prints the end, and follows until the pod is gone', async () => {
    const { store, pods } = cluster()
    const pod = store.read({ resource: 'pods', namespace: 'shop', name: 'runner' })
    pods.log(pod, 'main', 'one\ntwo')
    assert.equal(await succeeds('-n shop logs runner --tail=1'), 'two\n')
    const seen = Promise.withResolvers<void>()
    const following = kubectl('-n shop logs runner -f', {
      onStdout: (text) => (text.includes('two') ? seen.resolve() : undefined),
    })
    await seen.promise
    pods.log(pod, 'main', 'three')
    await succeeds('-n shop delete pod runner --grace-period=0 --force')
    assert.equal((await following).stdout, 'one\ntwo\nthree\n')
  })
})

describe('rights', () => {
  test('auth tells who one is and what one may do, and what one may not do is forbidden', async () => {
    assert.match(await succeeds('auth whoami'), /Username +kube:admin/)
    assert.equal((await succeeds('auth can-i delete secrets -n shop')).trim(), 'yes')
    await succeeds('-n shop create rolebinding eve --clusterrole=view --user=eve')
    const eve = cluster().kubeconfigFor('eve', [])
    const may = (args: string) => runKubectl(eve, args.split(' '))
    assert.equal((await may('auth can-i list pods -n shop')).stdout, 'yes\n')
    assert.equal((await may('auth can-i get secrets -n shop')).stdout, 'no\n')
    assert.match((await may('auth can-i --list -n shop')).stdout, /pods\/log +\[\] +\[\] +\[get list watch\]/)
    assert.match(
      (await may('-n shop get secrets')).stderr,
      /Forbidden\): secrets is forbidden: User "eve" cannot list resource "secrets" in API group "" in the namespace "shop"/,
    )
    const token = await succeeds('-n shop create token builder')
    assert.match(token, /^sha256~/)
  })
})
