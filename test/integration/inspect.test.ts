import assert from 'node:assert/strict'
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { createConnection } from 'mysql2/promise'
import { systemClock } from '../../src/base/clock.ts'
import { inspectRdb } from '../../src/movers/redis/inspect.ts'
import type { InspectReport } from '../../src/ports/redis.ts'
import type { SourceWorldReport } from '../../src/ports/source-world.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, redis: true })

describe('the snapshot of a generated 3scale', () => {
  let redis: Redis
  let world: SourceWorldReport
  let report: InspectReport

  before(async () => {
    const mysql = servers.mariadb()
    const password = mysql.password.reveal('make a test database')
    const connection = await createConnection({ host: mysql.host, port: mysql.port, user: mysql.user, password })
    await connection.query('CREATE DATABASE inspected CHARACTER SET utf8mb3 COLLATE utf8mb3_bin')
    await connection.end()
    const { host, port, password: secret } = servers.redis()
    const login = secret.reveal('reach the test Redis')
    const signal = new AbortController().signal
    world = await mysqlSourceWorld().generate({
      release: '2.13',
      tenants: 6,
      scale: 0.05,
      seed: 7,
      edgeRows: false,
      mysql: { ...mysql, engine: 'mysql', database: 'inspected', tls: { kind: 'off' } },
      redis: { storage: { host, port, password: secret, db: 0, tls: { kind: 'off' } }, queuesDatabase: 1 },
      onProgress: () => undefined,
      signal,
    })
    redis = new Redis({ host, port, password: login })
    await redis.save()
    const [, dir = ''] = listOf(await redis.config('GET', 'dir'))
    const file = openSync(join(dir, 'dump.rdb'), 'r')
    report = await inspectRdb(
      { read: (into) => readSync(file, into) },
      { clock: systemClock, totalBytes: 0, onProgress: () => undefined, signal },
    )
    closeSync(file)
  })
  after(async () => {
    await redis?.quit()
  })

  test('holds the keys that were generated, each in a family', () => {
    assert.equal(report.keys, world.keys)
    assert.deepEqual(report.unknown.samples, [])
    assert.equal(
      report.families.reduce((sum, { keys }) => sum + keys, 0),
      world.keys,
    )
  })

  test('has values that are what their families hold', () => {
    assert.deepEqual(
      report.families.filter(({ wrongType }) => wrongType > 0),
      [],
    )
  })

  test('has counters that add up, as those of the generator do', () => {
    assert.ok(report.rollUps.checked > 50, `${report.rollUps.checked} sums checked`)
    assert.deepEqual(report.rollUps.warnings, [])
  })

  test('has per service the sums that the server gives', async () => {
    let looked = 0
    for (const { service, metrics, applications } of report.services) {
      assert.equal(await redis.scard(`stats/{service:${service}}/cinstances`), applications)
      for (const { kind, name, service: sums } of metrics) {
        if (sums['eternity'] === undefined) continue
        assert.equal(await redis.get(`stats/{service:${service}}/${kind}:${name}/eternity`), sums['eternity'])
        looked++
      }
    }
    assert.ok(looked > 10)
  })

  test('says that its queues were not drained', () => {
    assert.match(report.warnings.join('\n'), /backend jobs/)
  })
})

function listOf(reply: unknown): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}
