import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Hop, hops, hopsBetween } from '../../../src/threescale/hops.ts'
import { sidekiqFacts, sidekiqKeys } from '../../../src/threescale/queues.ts'
import { releaseFacts, releases } from '../../../src/threescale/releases.ts'
import { holdsIn } from '../../../src/threescale/release-range.ts'
import { type SecretFacts, secrets, secretsCarriedTo } from '../../../src/threescale/secrets.ts'
import {
  deployJobsOf,
  replicaPolicyOf,
  type Workload,
  workloads,
  workloadsOf,
} from '../../../src/threescale/workloads.ts'

const allHops: readonly Hop[] = hops
const allSecrets: readonly SecretFacts[] = secrets
const allWorkloads: readonly Workload[] = workloads

describe('workloads', () => {
  it('are 16 with every database that may be bundled, and 12 from 2.16 on', () => {
    assert.deepEqual(
      releases.map((release) => workloadsOf(release).length),
      [16, 16, 16, 16, 16, 12],
    )
  })

  it('have one search engine in each release', () => {
    const engines = releases.map((release) =>
      workloadsOf(release).flatMap(({ element }) => (['sphinx', 'searchd'].includes(element) ? [element] : [])),
    )
    assert.deepEqual(engines, [['sphinx'], ['sphinx'], ['sphinx'], ['searchd'], ['searchd'], ['searchd']])
  })

  it('can be told apart by name and by their two labels', () => {
    const labels = allWorkloads.map(({ component, element }) => `${component}/${element}`)
    assert.equal(new Set(labels).size, allWorkloads.length)
    assert.equal(new Set(allWorkloads.map(({ name }) => name)).size, allWorkloads.length)
  })

  it('hold data only where the operator bundles a database, and those end with the bundles', () => {
    for (const { name, holds, presence, in: range } of allWorkloads) {
      if (holds === 'data') assert.equal(presence.kind, 'bundled', name)
      if (presence.kind !== 'bundled' || presence.database === 'zync-database') continue
      const database = /redis/.test(name) ? 'redis' : name === 'system-mysql' ? 'mysql' : 'postgresql'
      for (const release of releases) {
        assert.equal(holdsIn(range, release), releaseFacts[release].bundled[database] !== null, `${name} ${release}`)
      }
    }
  })

  it('get their replicas from the APIManager unless they hold something', () => {
    for (const { name, holds, replicasAt } of allWorkloads) assert.equal(replicasAt === null, holds !== 'nothing', name)
  })

  it('say how they are made again when, and only when, they can be', () => {
    for (const { name, holds, rebuiltBy } of allWorkloads) {
      assert.equal(rebuiltBy !== undefined, holds === 'rebuildable', name)
      if (rebuiltBy?.kind === 'command')
        assert.ok(
          allWorkloads.some((other) => other.name === rebuiltBy.in),
          name,
        )
    }
  })

  it('are deployed with jobs where they are Deployments, and left alone when scaled from 2.13 on', () => {
    for (const release of releases) {
      assert.equal(deployJobsOf(release) !== null, releaseFacts[release].workloadKind === 'Deployment')
    }
    assert.equal(replicaPolicyOf('2.12'), 'always-reset')
    assert.equal(replicaPolicyOf('2.13'), 'reset-when-named')
  })
})

describe('secrets', () => {
  it('are the thirteen with fixed names, each key once', () => {
    assert.equal(new Set(allSecrets.map(({ name }) => name)).size, 13)
    for (const { name, keys } of allSecrets) {
      assert.ok(keys.length > 0, name)
      assert.equal(new Set(keys.map((key) => key.name)).size, keys.length, name)
    }
  })

  it('are carried to RHOAM six at a time, to its operator the two that it writes over the product’s', () => {
    assert.deepEqual(secretsCarriedTo('destination'), [
      'system-seed',
      'system-master-apicast',
      'system-app',
      'system-events-hook',
      'system-recaptcha',
      'system-memcache',
    ])
    assert.deepEqual(secretsCarriedTo('destination-operator'), ['system-seed', 'system-master-apicast'])
    for (const name of ['system-seed', 'system-master-apicast'] as const) {
      assert.ok(secretsCarriedTo('migration').includes(name), name)
    }
  })

  it('of every Redis and database have users and TLS from 2.15 on', () => {
    for (const name of ['system-redis', 'backend-redis']) {
      const keys = allSecrets.find((secret) => secret.name === name)?.keys ?? []
      for (const part of [/_USERNAME$/, /_PASSWORD$/, /_SENTINEL_USERNAME$/, /_SENTINEL_PASSWORD$/]) {
        assert.ok(
          keys.some((key) => part.test(key.name)),
          `${name} ${String(part)}`,
        )
      }
      for (const part of ['REDIS_SSL_CA', 'REDIS_SSL_CERT', 'REDIS_SSL_KEY']) {
        assert.ok(
          keys.some((key) => key.name === part),
          `${name} ${part}`,
        )
      }
      for (const { name: key, in: range = {} } of keys) {
        if (/SSL|USERNAME|PASSWORD/.test(key))
          assert.deepEqual([holdsIn(range, '2.14'), holdsIn(range, '2.15')], [false, true], key)
      }
    }
  })

  it('that name a database are never carried anywhere', () => {
    for (const { name, at } of allSecrets) {
      if (/database|redis|zync|smtp|backend/.test(name)) assert.ok(!Object.values(at).includes('carry'), name)
    }
  })
})

describe('queues', () => {
  it('have mailers from 2.12 on, and a namespace until 2.13', () => {
    for (const release of releases) {
      const queues: readonly string[] = sidekiqFacts[release].queues
      assert.equal(new Set(queues).size, queues.length)
      assert.equal(queues.length, release === '2.11' ? 10 : 11)
      assert.equal(queues.includes('mailers'), release !== '2.11')
      assert.equal(sidekiqFacts[release].namespaced, ['2.11', '2.12', '2.13'].includes(release))
    }
    assert.equal(sidekiqKeys.queue('zync'), 'queue:zync')
  })

  it('write running jobs under the name that their Sidekiq uses', () => {
    for (const release of releases) {
      const { version, inFlightSuffix } = sidekiqFacts[release]
      assert.equal(inFlightSuffix, version.startsWith('5.') ? ':workers' : ':work')
    }
  })
})

const workloadNames = (release: (typeof releases)[number]) => workloadsOf(release).map(({ name }) => name)

describe('hops', () => {
  it('lead from each release to each later one, a minor release at a time, and never back', () => {
    for (const [at, from] of releases.entries()) {
      for (const [then, to] of releases.entries()) {
        const way = hopsBetween(from, to)
        if (then < at) assert.equal(way, null, `${from} to ${to}`)
        else
          assert.deepEqual(
            way?.map((hop) => hop.to),
            releases.slice(at + 1, then + 1),
            `${from} to ${to}`,
          )
      }
    }
  })

  it('lead to the -mas build through 2.13 and no further', () => {
    assert.deepEqual(
      hopsBetween('2.11', '2.13-mas')?.map((hop) => hop.channel),
      ['threescale-2.12', 'threescale-2.13', 'threescale-mas'],
    )
    assert.equal(hopsBetween('2.13-mas', '2.14'), null)
    assert.equal(hopsBetween('2.14', '2.13-mas'), null)
  })

  it('move the Subscription exactly once each, by the channel of their target', () => {
    for (const { to, channel, byHand } of allHops) {
      assert.equal(channel, to === '2.13-mas' ? 'threescale-mas' : `threescale-${to}`)
      const moves = byHand.filter(({ kind }) => kind === 'switch-channel' || kind === 'replace-subscription')
      assert.equal(moves.length, 1, to)
    }
  })

  it('remove secret keys that the source release has and the target has not', () => {
    const removals = allHops.flatMap(({ from, to, byHand }) =>
      byHand.flatMap((action) => (action.kind === 'remove-secret-keys' ? [{ from, to, ...action }] : [])),
    )
    assert.equal(removals.length, 2)
    for (const { from, to, secret, keys } of removals) {
      const known = allSecrets.find(({ name }) => name === secret)?.keys ?? []
      for (const key of keys) {
        const range = known.find(({ name }) => name === key)?.in ?? {}
        assert.ok(from !== '2.13-mas' && holdsIn(range, from), `${key} in ${from}`)
        assert.ok(to !== '2.13-mas' && !holdsIn(range, to), `${key} in ${to}`)
      }
    }
  })

  it('watch workloads come and go as the releases say', () => {
    for (const { from, to, done } of allHops) {
      if (from === '2.13-mas' || to === '2.13-mas') continue
      const came = workloadNames(to).filter((name) => !workloadNames(from).includes(name))
      const went = workloadNames(from).filter((name) => !workloadNames(to).includes(name))
      assert.deepEqual(
        done.flatMap((mark) => (mark.kind === 'workload-exists' ? [mark.name] : [])),
        came,
        to,
      )
      assert.deepEqual(
        done.flatMap((mark) => (mark.kind === 'workload-gone' ? [mark.name] : [])).sort(),
        went.sort(),
        to,
      )
      const becomes = releaseFacts[from].workloadKind !== releaseFacts[to].workloadKind
      assert.equal(
        done.some(({ kind }) => kind === 'deployments-only'),
        becomes,
        to,
      )
    }
  })
})
