import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Release, releases } from '../../src/model/release.ts'
import { hasCondition } from '../../src/simulator/controllers/engine/conditions.ts'
import { configResource, jobResource } from '../../src/simulator/controllers/threescale/shapes.ts'
import { operatorDeployment } from '../../src/simulator/controllers/threescale/running-operator.ts'
import { secretValues } from '../../src/simulator/controllers/workloads/secrets.ts'
import type { Job } from '../../src/simulator/controllers/workloads/shapes.ts'
import { releaseFacts } from '../../src/threescale/releases.ts'
import { withServers } from '../support/servers.ts'

import {
  type Installed,
  install,
  isSettled,
  ns,
  unbundled,
  versionAnnotation,
} from '../support/installed-threescale.ts'
const servers = withServers({ postgres: true, redis: true })

describe('a 3scale', () => {
  test('upgrades hop by hop from 2.11 to 2.16, each hop done by what its release does', async () => {
    const world = await install(servers, '2.11')
    await world.until(() => hasCondition(world.apiManager(), 'Available'))
    for (const [i, release] of releases.entries()) {
      if (i === 0) continue
      world.moveTo(`threescale-${release}`)
      await world.until(() => world.isReady(release) && isSettled(world, release), 4 * 3_600_000)
      await expectHop(world, release)
    }
  })
})

async function expectHop(world: Installed, release: Release): Promise<void> {
  await world.until(() => world.apiManager()?.metadata.annotations?.[versionAnnotation] === release)
  const isLater = releaseFacts[release].workloadKind === 'Deployment'
  await world.until(() => !isLater || world.names(configResource).length === 0)
  const kind = world.kindOf(release)
  assert.deepEqual(
    world.names(kind).filter((name) => name !== operatorDeployment),
    unbundled(release),
  )
  const [[version] = []] = await world.sql('SELECT max(version) FROM schema_migrations')
  assert.equal(version, releaseFacts[release].lastMigration)
  const claims = world.names('persistentvolumeclaims')
  if (release === '2.14') assert.deepEqual(claims, ['system-searchd'])
  if (isLater) {
    await world.until(() => world.names('persistentvolumeclaims').length === 1)
    assert.deepEqual(world.names('persistentvolumeclaims'), ['system-searchd-manticore'])
    assert.deepEqual(world.names('imagestreams.image.openshift.io'), [])
    await world.until(() =>
      hasCondition(world.view.get<Job>(jobResource, ns, 'system-searchd-manticore-reindex'), 'Complete'),
    )
  }
  const messageBus = secretValues(world.view, ns, 'system-redis')?.has('MESSAGE_BUS_URL')
  assert.equal(messageBus, true, 'an external Redis keeps what only its owner removes')
  await world.until(() => hasCondition(world.apiManager(), 'Available'))
}
