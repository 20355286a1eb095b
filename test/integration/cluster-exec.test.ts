import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, test } from 'node:test'
import type { WebSocket } from 'ws'
import { ask, openExec, withCluster } from '../support/cluster.ts'

const cluster = withCluster({}, () => {
  const { store } = cluster()
  const spec = {
    nodeName: 'source-worker-0',
    containers: [{ name: 'main', env: [{ name: 'GREETING', value: 'hello' }] }],
  }
  store.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'tools', namespace: 'default' },
    spec,
    status: { phase: 'Running' },
  })
  return Promise.resolve()
})

const protocols = ['v4.channel.k8s.io', 'v5.channel.k8s.io'] as const

function open(
  command: readonly string[],
  options: { readonly stdin?: boolean; readonly protocol?: string } = {},
): WebSocket {
  const query = command.map((word) => `command=${encodeURIComponent(word)}`).join('&')
  const path = `/api/v1/namespaces/default/pods/tools/exec?stdout=true&stderr=true&${query}${options.stdin === true ? '&stdin=true' : ''}`
  return openExec(cluster(), path, options.protocol ?? 'v5.channel.k8s.io')
}

/** Reads an exec to its end: what came on each channel, and the last word; undefined when there was none. */
async function readAll(socket: WebSocket) {
  const channels: Buffer[][] = [[], [], [], []]
  socket.on('message', (data: Buffer) => channels[data[0] ?? 0]?.push(data.subarray(1)))
  const ended = once(socket, 'close')
  // Whoever waits for the end hears of it.
  socket.on('error', () => undefined)
  await ended
  const [, stdout, stderr, status] = channels.map((parts) => Buffer.concat(parts))
  const text = status?.toString() ?? ''
  return {
    stdout: stdout ?? Buffer.alloc(0),
    stderr: stderr?.toString(),
    status: text === '' ? undefined : (JSON.parse(text) as { status: string; reason?: string; details: object }),
  }
}

function execPath(pod: string): string {
  return `/api/v1/namespaces/default/pods/${pod}/exec?command=true&stdout=true`
}

function onStdin(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0]), bytes])
}

afterEach(() => cluster().faults.clear())

describe('exec', () => {
  for (const protocol of protocols) {
    test(`${protocol} carries output, errors and the exit code`, async () => {
      const failed = await readAll(open(['sh', '-c', 'echo $GREETING; echo no >&2; exit 7'], { protocol }))
      assert.deepEqual(
        [failed.stdout.toString(), failed.stderr, failed.status?.reason],
        ['hello\n', 'no\n', 'NonZeroExitCode'],
      )
      assert.deepEqual(failed.status?.details, { causes: [{ reason: 'ExitCode', message: '7' }] })
      assert.equal((await readAll(open(['true'], { protocol }))).status?.status, 'Success')
    })
  }

  test('in v5 the end of the input reaches the command, and its output still comes', async () => {
    const socket = open(['sha256sum'], { stdin: true })
    const reading = readAll(socket)
    await once(socket, 'open')
    const block = Buffer.alloc(60_000, 'some text ')
    const digest = createHash('sha256')
    for (let round = 0; round < 200; round++) {
      digest.update(block)
      socket.send(onStdin(block))
    }
    socket.send(Buffer.from([255, 0]))
    const { stdout, status } = await reading
    assert.equal(stdout.toString(), `${digest.digest('hex')}  -\n`)
    assert.equal(status?.status, 'Success')
  })

  test('a command whose output nobody reads waits, and all of it arrives once somebody does', async () => {
    const bytes = 40_000_000
    const socket = open(['sh', '-c', `head -c ${bytes} /dev/zero; touch written`])
    await once(socket, 'open')
    socket.pause()
    // Long enough for a server that does not mind its reader to have taken everything in.
    await wait(1500)
    const { uid } = cluster().store.read({ resource: 'pods', namespace: 'default', name: 'tools' }).metadata
    const written = join(dirname(cluster().kubeconfig), 'pods', uid, 'home', 'written')
    assert.equal(existsSync(written), false)
    let received = 0
    socket.on('message', (data: Buffer) => (received += data[0] === 1 ? data.length - 1 : 0))
    const ended = once(socket, 'close')
    socket.resume()
    await ended
    assert.equal(received, bytes)
    assert.equal(existsSync(written), true)
  })

  test('a client that leaves takes the command along', async () => {
    const mark = `sleep-${process.pid}`
    const socket = open(['sh', '-c', `echo $$; exec -a ${mark} sleep 600 || exec sleep 600`])
    const [first] = (await once(socket, 'message')) as [Buffer]
    const pid = Number(first.subarray(1).toString())
    socket.terminate()
    const isAlive = (): boolean => {
      try {
        process.kill(pid, 0)
        return true
      } catch {
        return false
      }
    }
    for (let tries = 0; isAlive() && tries < 500; tries++) await wait(20)
    assert.equal(isAlive(), false)
  })

  test('a simulated command answers before a real program does', async () => {
    cluster().pods.register({
      name: 'rake',
      matches: ({ command }) => command.includes('rake'),
      run: (exec) => {
        exec.stdout.write(`${exec.container}: ${exec.command.at(-1)}\n`)
        return Promise.resolve(0)
      },
    })
    const { stdout, status } = await readAll(open(['bundle', 'exec', 'rake', 'zync:resync:domains']))
    assert.deepEqual([stdout.toString(), status?.status], ['main: zync:resync:domains\n', 'Success'])
  })

  test('a scripted cut ends without a last word, and a scripted early end claims that all went well', async () => {
    const script = 'head -c 3000000 /dev/zero; exit 9'
    cluster().faults.add({ resource: 'pods/exec', effect: { kind: 'cut', afterBytes: 100_000 } })
    const cut = await readAll(open(['sh', '-c', script]))
    assert.deepEqual([cut.stdout.length, cut.status], [100_000, undefined])
    cluster().faults.clear()
    cluster().faults.add({ resource: 'pods/exec', effect: { kind: 'end-early', afterBytes: 100_000 } })
    const early = await readAll(open(['sh', '-c', script]))
    assert.deepEqual([early.stdout.length, early.status?.status], [100_000, 'Success'])
  })

  test('SPDY is refused in words, and so are a pod that is not there and one that has ended', async () => {
    const token = cluster().accounts.tokenOf('kube:admin', []).reveal('test')
    const sent = request(`${cluster().url}${execPath('tools')}`, {
      method: 'POST',
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${token}`, connection: 'Upgrade', upgrade: 'SPDY/3.1' },
    }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const text = (await response.toArray()).join('')
    assert.equal(response.statusCode, 400)
    assert.match(text, /spdy\/3.1 is not served here, only WebSocket is/)
    assert.equal((await ask(cluster(), execPath('tools'), { method: 'POST' })).code, 405)
    cluster().store.modify(
      { resource: 'pods', namespace: 'default', name: 'tools' },
      (pod) => (pod.status = { phase: 'Succeeded' }),
    )
    const { status } = await readAll(open(['true']))
    assert.equal(status?.reason, 'BadRequest')
    const missing = openExec(cluster(), execPath('nobody'), 'v5.channel.k8s.io')
    const [error] = (await once(missing, 'error')) as [Error]
    assert.match(error.message, /404/)
  })
})
