import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import type { Cluster, ThrowawayPod } from '../../src/ports/cluster.ts'
import { readPath, readText } from '../../src/simulator/cluster/read-path.ts'
import { codeOf } from '../contract/cluster.contract.ts'
import { enter, withSimulatedCluster } from '../support/clusters.ts'

const namespace = 'default'
const { signal } = new AbortController()
const job = (argv: readonly string[]): ThrowawayPod => ({
  namespace,
  purpose: 'test',
  image: 'registry.example/tools',
  argv,
  env: { GREETING: 'hello' },
  secretEnv: { PGPASSWORD: new Secret('the-word') },
  activeDeadlineSeconds: 60,
})

describe('a throwaway pod', () => {
  const simulated = withSimulatedCluster()
  let cluster: Cluster
  /** Says how the pod of a Job ends, by what it runs; null: it goes on running. */
  const ends: Readonly<Record<string, { readonly exitCode: number; readonly reason: string } | null>> = {
    succeed: { exitCode: 0, reason: 'Completed' },
    fail: { exitCode: 137, reason: 'OOMKilled' },
    wait: null,
  }
  const seen: { readonly spec: unknown; readonly secret: unknown }[] = []

  before(async () => {
    cluster = await enter(simulated())
    const { store, pods } = simulated()
    // What Job controller and kubelet do, as far as it is looked at here.
    store.watch('jobs.batch', {}, ({ type, object }) => {
      if (type !== 'ADDED') return
      const { name, uid } = object.metadata
      const template = readPath(object, 'spec.template') as {
        metadata: object
        spec: { containers: { command: string[] }[] }
      }
      const end = ends[template.spec.containers[0]?.command[0] ?? ''] ?? null
      const state = end === null ? { running: { startedAt: '2026-01-01T00:00:00Z' } } : { terminated: end }
      const pod = store.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          ...template.metadata,
          name: `${name}-abcde`,
          namespace,
          ownerReferences: [
            { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true },
          ],
        },
        spec: template.spec,
        status: {
          phase: end === null ? 'Running' : end.exitCode === 0 ? 'Succeeded' : 'Failed',
          containerStatuses: [{ name: 'main', ready: end === null, restartCount: 0, state }],
        },
      })
      pods.log(pod, 'main', 'what it says\n')
      if (end === null) return
      const condition = {
        type: end.exitCode === 0 ? 'Complete' : 'Failed',
        status: 'True',
        reason: 'BackoffLimitExceeded',
      }
      store.modify(
        { resource: 'jobs.batch', namespace, name },
        (draft) => void (draft.status = { conditions: [condition] }),
      )
    })
    store.watch('secrets', { namespace }, ({ type, object }) => {
      if (type !== 'ADDED' || !object.metadata.name.startsWith('threeshift-')) return
      const { name } = object.metadata
      seen.push({ spec: store.get({ resource: 'jobs.batch', namespace, name })?.['spec'], secret: object })
    })
  })
  after(() => cluster.close())

  const leftovers = () =>
    ['jobs.batch', 'pods', 'secrets'].flatMap((resource) =>
      simulated()
        .store.list(resource, { namespace })
        .map(({ metadata }) => metadata.name)
        .filter((name) => name.startsWith('threeshift-')),
    )

  test('runs to its end, gives its log, and is gone', async () => {
    const report = await cluster.runJob(job(['succeed']), { signal })
    assert.equal(report.exitCode, 0)
    assert.match(report.log.reveal('to compare it'), /what it says/)
    assert.deepEqual(leftovers(), [])
    const { spec, secret } = seen.at(-1) ?? assert.fail()
    assert.doesNotMatch(JSON.stringify(spec), /the-word|dGhlLXdvcmQ/)
    assert.equal(readText(secret, 'data.PGPASSWORD'), Buffer.from('the-word').toString('base64'))
    assert.equal(readPath(spec, 'template.spec.automountServiceAccountToken'), false)
    assert.equal(readPath(spec, 'activeDeadlineSeconds'), 60)
  })

  test('that fails is a fault that says why, and is gone', async () => {
    await assert.rejects(cluster.runJob(job(['fail']), { signal }), (error) => {
      assert.ok(error instanceof Fault)
      assert.equal(error.code, 'OPENSHIFT_JOB_FAILED')
      assert.match(error.message, /OOMKilled with exit code 137/)
      return true
    })
    assert.deepEqual(leftovers(), [])
    const report = await cluster.runJob(job(['fail']), { signal, acceptedExitCodes: [0, 137] })
    assert.equal(report.exitCode, 137)
  })

  test('is lent to work, and is gone after it, after its failure and after an abort', async () => {
    const said: string[] = []
    await cluster.withPod(
      job(['wait']),
      async (container) => {
        await cluster.exec(container, {
          argv: ['sh', '-c', 'echo "$GREETING $PGPASSWORD"'],
          onStdout: (bytes) => void said.push(Buffer.from(bytes).toString()),
          signal,
        })
      },
      { signal },
    )
    assert.deepEqual(said, ['hello the-word\n'])
    assert.deepEqual(leftovers(), [])
    const failing = cluster.withPod(job(['wait']), async () => Promise.reject(new Error('the work failed')), { signal })
    await assert.rejects(failing, /the work failed/)
    assert.deepEqual(leftovers(), [])
    const controller = new AbortController()
    const stopped = cluster.withPod(
      job(['wait']),
      (container) => {
        setTimeout(() => controller.abort(new Stop('operator')), 50)
        return cluster.exec(container, { argv: ['sleep', '1000'], signal: controller.signal })
      },
      { signal: controller.signal },
    )
    await assert.rejects(stopped, (error) => error instanceof Stop)
    assert.deepEqual(leftovers(), [])
  })

  test('is gone although its making was broken off, and its removal was disturbed', async () => {
    const { faults } = simulated()
    faults.add({ verb: 'create', resource: 'secrets', times: 0, effect: { kind: 'refuse', code: 403 } })
    faults.add({ verb: 'create', resource: 'jobs.batch', effect: { kind: 'reset', when: 'after' } })
    faults.add({ verb: 'delete', resource: 'jobs.batch', effect: { kind: 'refuse', code: 503 } })
    assert.equal(await codeOf(cluster.runJob(job(['wait']), { signal })), 'OPENSHIFT_FORBIDDEN')
    faults.clear()
    assert.deepEqual(leftovers(), [])
  })

  test('that cannot be removed is said, with what went wrong before', async () => {
    const { faults } = simulated()
    faults.add({ verb: 'delete', resource: 'jobs.batch', times: 0, effect: { kind: 'refuse', code: 403 } })
    await assert.rejects(cluster.runJob(job(['fail']), { signal }), (error) => {
      assert.ok(error instanceof AggregateError)
      const codes = error.errors.map((one: unknown) => (one instanceof Fault ? one.code : String(one)))
      assert.deepEqual(codes, ['OPENSHIFT_JOB_FAILED', 'OPENSHIFT_FORBIDDEN'])
      return true
    })
    assert.equal(await codeOf(cluster.runJob(job(['succeed']), { signal })), 'OPENSHIFT_FORBIDDEN')
    faults.clear()
  })
})
