import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { releases } from '../../src/model/release.ts'
import { hasCondition } from '../../src/simulator/controllers/engine/conditions.ts'
import { deploymentResource, routeResource } from '../../src/simulator/controllers/threescale/shapes.ts'
import { operatorDeployment } from '../../src/simulator/controllers/threescale/running-operator.ts'
import { isAdmitted } from '../../src/simulator/controllers/workloads/routes.ts'
import { secretValues } from '../../src/simulator/controllers/workloads/secrets.ts'
import type { Pod, Route } from '../../src/simulator/controllers/workloads/shapes.ts'
import { releaseFacts } from '../../src/threescale/releases.ts'
import { withServers } from '../support/servers.ts'

import { install, ns, unbundled, versionAnnotation } from '../support/installed-threescale.ts'
const servers = withServers({ postgres: true, redis: true })

const isThreescale = ({ metadata }: Pod) => metadata.labels?.['threescale_component'] !== undefined

describe('a 3scale', () => {
  for (const release of releases) {
    test(`${release} installs, seeds its database, is scaled down with its operator first, and up again`, async () => {
      const world = await install(servers, release)
      await world.until(() => hasCondition(world.apiManager(), 'Available'))
      assert.ok(world.isReady())
      assert.deepEqual(
        world.names(world.kindOf(release)).filter((name) => name !== operatorDeployment),
        unbundled(release),
      )
      assert.deepEqual(await world.sql('SELECT max(version) FROM schema_migrations'), [
        [releaseFacts[release].lastMigration],
      ])
      const seed = secretValues(world.view, ns, 'system-seed')
      assert.deepEqual(await world.sql('SELECT value FROM access_tokens ORDER BY id'), [
        [seed?.get('MASTER_ACCESS_TOKEN')?.reveal('compare')],
        [secretValues(world.view, ns, 'system-master-apicast')?.get('ACCESS_TOKEN')?.reveal('compare')],
        [seed?.get('ADMIN_ACCESS_TOKEN')?.reveal('compare')],
      ])
      const hosts = world.view.list<Route>(routeResource, ns)
      assert.ok(hosts.every(isAdmitted))
      assert.equal(hosts.length, 6)
      await world.until(() => world.apiManager()?.metadata.annotations?.[versionAnnotation] === release)

      const before = world.apiManager()?.status
      world.scale(deploymentResource, operatorDeployment, 0)
      for (const name of unbundled(release)) world.scale(world.kindOf(release), name, 0)
      await world.until(() => world.pods().filter(isThreescale).length === 0)
      assert.deepEqual(world.apiManager()?.status, before, 'nobody is there to say that all is gone')

      world.scale(deploymentResource, operatorDeployment, 1)
      const resets = release === '2.11' || release === '2.12'
      await world.until(() => world.apiManager()?.status?.deployments?.stopped.includes('system-memcache') === true)
      if (resets) {
        await world.until(() => world.apiManager()?.status?.deployments?.stopped.includes('system-app') === false)
        assert.equal(world.workload('system-memcache')?.spec.replicas, 0, 'nobody but who scaled it down')
      } else {
        await world.pass(600_000)
        assert.equal(world.workload('system-app')?.spec.replicas, 0)
      }
      for (const name of unbundled(release)) world.scale(world.kindOf(release), name, 1)
      await world.until(() => world.isReady() && hasCondition(world.apiManager(), 'Available'))
    })
  }
})
