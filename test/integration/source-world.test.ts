import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Redis } from 'ioredis'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import type { DatabaseAddress } from '../../src/model/database-address.ts'
import type { Release } from '../../src/model/release.ts'
import type { SourceWorldReport, SourceWorldRequest } from '../../src/ports/source-world.ts'
import { edgeCasesOf, edgeCounters } from '../../src/simulator/source-world/edge-rows.ts'
import { LiteralWriter } from '../../src/simulator/source-world/encode-insert.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { wildcardDomain } from '../../src/simulator/source-world/outline.ts'
import { catalogOf } from '../../src/threescale/catalog.ts'
import { tenantTriggerTables } from '../../src/threescale/tenant-rules.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, redis: true })
type Row = Readonly<Record<string, unknown>>

function addressOf(database: string): DatabaseAddress {
  const { host, port, user, password } = servers.mariadb()
  return { engine: 'mysql', host, port, user, password, database, tls: { kind: 'off' } }
}

async function connect(database: string): Promise<Connection> {
  const { host, port, user, password } = servers.mariadb()
  const login = { host, port, user, password: password.reveal('look into a test database'), database }
  return createConnection({
    ...login,
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  })
}

async function rowsOf(connection: Connection, sql: string): Promise<readonly Row[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql)
  return rows
}

/** The only number of a result of one row and column. */
async function numberOf(connection: Connection, sql: string): Promise<number> {
  const [row = {}] = await rowsOf(connection, sql)
  return Number(Object.values(row)[0])
}

function redisUrl(database: number): string {
  const { host, port, password } = servers.redis()
  return `redis://:${encodeURIComponent(password.reveal('reach the test Redis'))}@${host}:${port}/${database}`
}

async function newDatabase(name: string): Promise<Connection> {
  const connection = await connect('mysql')
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb3 COLLATE utf8mb3_bin`)
  await connection.query(`USE ${name}`)
  return connection
}

function generate(database: string, changes: Partial<SourceWorldRequest> = {}): Promise<SourceWorldReport> {
  return mysqlSourceWorld().generate({
    release: '2.13',
    tenants: 6,
    scale: 0.05,
    seed: 7,
    edgeRows: false,
    mysql: addressOf(database),
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  })
}

async function withDatabase(name: string, work: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await newDatabase(name)
  try {
    await work(connection)
  } finally {
    await connection.end()
  }
}

const code = (expected: string) => (error: unknown) => error instanceof Fault && error.code === expected

for (const release of ['2.11', '2.13', '2.16'] as const satisfies readonly Release[]) {
  describe(`a source world of ${release}`, () => {
    const name = `world_${release.replace('.', '_')}`
    let report: SourceWorldReport
    before(async () => {
      await withDatabase(name, async () => {
        report = await generate(name, { release })
      })
    })
    const look = (what: string, work: (connection: Connection) => Promise<void>): void => {
      test(what, async () => {
        const connection = await connect(name)
        try {
          await work(connection)
        } finally {
          await connection.end()
        }
      })
    }

    look('has rows in every table, as many as it reports', async (connection) => {
      assert.deepEqual(
        report.tables.map((table) => table.name),
        catalogOf(release)
          .map((table) => table.name)
          .sort(),
      )
      for (const { name: table, rows } of report.tables) {
        assert.ok(rows > 0, table)
        assert.equal(await numberOf(connection, `SELECT COUNT(*) FROM \`${table}\``), rows, table)
      }
    })

    look('names no parent that does not exist', async (connection) => {
      for (const table of catalogOf(release)) {
        for (const { column, references: to } of table.foreignKeys) {
          const orphans = `SELECT COUNT(*) FROM \`${table.name}\` c LEFT JOIN \`${to.table}\` p ON p.\`${to.column}\` = c.\`${column}\`
            WHERE c.\`${column}\` IS NOT NULL AND p.\`${to.column}\` IS NULL`
          assert.equal(await numberOf(connection, orphans), 0, `${table.name}.${column}`)
        }
      }
    })

    look('has in every row the tenant that 3scale’s own trigger would set', async (connection) => {
      await connection.query('SET SESSION foreign_key_checks = 0, unique_checks = 0')
      for (const table of tenantTriggerTables(release)) {
        const columns = await rowsOf(connection, `SHOW COLUMNS FROM \`${table}\``)
        const fields = columns.map((column) => `\`${String(column['Field'])}\``)
        // Master and tenants get theirs from 3scale itself; the trigger knows buyers only.
        const some = table === 'accounts' ? 'WHERE buyer = 1' : ''
        const key = fields.includes('`id`') ? 'id' : 'plan_id, feature_id'
        const digest = `SELECT GROUP_CONCAT(CONCAT_WS(':', ${key}, IFNULL(tenant_id, 'NULL')) ORDER BY ${key}) AS d FROM \`${table}\` ${some}`
        await connection.query('SET SESSION group_concat_max_len = 10000000')
        const [stored] = await rowsOf(connection, digest)
        await connection.query('START TRANSACTION')
        await connection.query(`CREATE TEMPORARY TABLE parity AS SELECT * FROM \`${table}\` ${some}`)
        await connection.query(`DELETE FROM \`${table}\` ${some}`)
        const values = fields.map((field) => (field === '`tenant_id`' ? 'NULL' : field))
        await connection.query(
          `INSERT INTO \`${table}\` (${fields.join(', ')}) SELECT ${values.join(', ')} FROM parity`,
        )
        const [computed] = await rowsOf(connection, digest)
        await connection.query('ROLLBACK')
        await connection.query('DROP TEMPORARY TABLE parity')
        assert.deepEqual(computed, stored, table)
      }
    })

    look(
      'keeps its hosts under the wildcard domain, but for the vanity domain and self-managed gateways',
      async (connection) => {
        const domains = await rowsOf(
          connection,
          'SELECT domain, self_domain FROM accounts WHERE self_domain IS NOT NULL',
        )
        assert.equal(domains.length, 7)
        assert.ok(domains.every((row) => String(row['self_domain']).endsWith(`.${wildcardDomain}`)))
        const vanity = domains.filter((row) => !String(row['domain']).endsWith(`.${wildcardDomain}`))
        assert.deepEqual(
          vanity.map((row) => row['domain']),
          ['developers.vanity-example.org'],
        )
        const [operators] = await rowsOf(
          connection,
          "SELECT domain FROM accounts WHERE self_domain LIKE '3scale-admin.%'",
        )
        assert.equal(operators?.['domain'], `3scale.${wildcardDomain}`)
        const strays = `SELECT COUNT(*) FROM proxies p JOIN services s ON s.id = p.service_id WHERE (deployment_option = 'hosted') <>
        (endpoint LIKE 'https://%-apicast-production.${wildcardDomain}:443' AND staging_domain LIKE '%-apicast-staging.${wildcardDomain}')`
        assert.equal(await numberOf(connection, strays), 0)
        const configs = `SELECT COUNT(*) FROM proxy_configs c JOIN proxies p ON p.id = c.proxy_id
        WHERE c.hosts <> CONCAT('|', p.production_domain, '|', p.staging_domain, '|') OR NOT JSON_VALID(c.content)
          OR JSON_VALUE(c.content, '$.proxy.endpoint') <> p.endpoint`
        assert.equal(await numberOf(connection, configs), 0)
      },
    )

    look('has one master, which is its own provider and tenant', async (connection) => {
      const masters = await rowsOf(
        connection,
        'SELECT id, provider_account_id, tenant_id, domain = self_domain AS same FROM accounts WHERE master = 1',
      )
      assert.deepEqual(
        masters.map((row) => ({ ...row })),
        [{ id: '1', provider_account_id: '1', tenant_id: '1', same: 1 }],
      )
    })

    look('counts invoices as its counters say', async (connection) => {
      const wrong = `SELECT COUNT(*) FROM invoice_counters c WHERE invoice_count <> (SELECT COUNT(*) FROM invoices i
        WHERE i.provider_account_id = c.provider_account_id AND i.friendly_id LIKE CONCAT(c.invoice_prefix, '-%'))`
      assert.equal(await numberOf(connection, wrong), 0)
    })

    look('will not give out ids again that its counters have left behind', async (connection) => {
      for (const { table, nextId } of edgeCounters) {
        const next = `SELECT auto_increment FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '${table}'`
        assert.equal(await numberOf(connection, next), nextId)
      }
    })
  })

  test(`an edge world of ${release} holds every edge case`, async () => {
    const name = `edges_${release.replace('.', '_')}`
    await withDatabase(name, async (connection) => {
      await generate(name, { release, tenants: 3, scale: 0.02, edgeRows: true })
      for (const edge of edgeCasesOf(release)) {
        const row = `SELECT COUNT(*) FROM \`${edge.table}\` WHERE \`${edge.key.column}\` = '${edge.key.value}' AND (${edge.holds})`
        assert.equal(await numberOf(connection, row), 1, `${edge.id} in ${edge.table}.${edge.column}`)
      }
    })
  })
}

describe('the rows of a source world', () => {
  test('are the same in two runs', async () => {
    const checksums: unknown[] = []
    for (const name of ['twice_1', 'twice_2']) {
      await withDatabase(name, async (connection) => {
        await generate(name, { tenants: 3, scale: 0.02 })
        const tables = catalogOf('2.13').map((table) => `\`${table.name}\``)
        const rows = await rowsOf(connection, `CHECKSUM TABLE ${tables.join(', ')}`)
        checksums.push(rows.map((row) => [String(row['Table']).replace(name, ''), row['Checksum']]))
      })
    }
    assert.deepEqual(checksums[0], checksums[1])
  })

  test('reach the server as they were encoded, whatever characters they have', async () => {
    await withDatabase('literals', async (connection) => {
      const texts = fc.string({ unit: 'grapheme', maxLength: 40 })
      const tricky = fc.string({
        unit: fc.constantFrom("'", '"', '\\', '%', '_', '\0', '\n', '\r', '\u001a', 'é', '€', '😀', 'a', '?'),
      })
      await fc.assert(
        fc.asyncProperty(fc.oneof(texts, tricky), fc.uint8Array({ maxLength: 40 }), async (text, bytes) => {
          const writer = new LiteralWriter(8)
          writer.ascii('SELECT HEX(')
          writer.cell(text)
          writer.ascii(') AS t, HEX(')
          writer.cell(Buffer.from(bytes))
          writer.ascii(') AS b')
          const [row] = await rowsOf(connection, writer.view().toString())
          assert.equal(row?.['t'], Buffer.from(text).toString('hex').toUpperCase())
          assert.equal(row?.['b'], Buffer.from(bytes).toString('hex').toUpperCase())
        }),
      )
    })
  })
})

describe('the backend Redis of a source world', () => {
  test('agrees with MySQL, and its counters roll up', async () => {
    await withDatabase('with_redis', async (connection) => {
      const report = await generate('with_redis', { redis: { url: new Secret(redisUrl(2)), queuesDatabase: 1 } })
      const redis = new Redis(redisUrl(2))
      const queues = new Redis(redisUrl(1))
      try {
        assert.equal((await redis.dbsize()) + (await queues.dbsize()), report.keys)
        assert.equal(await queues.llen('resque:queue:priority'), 2)
        const tokens = await rowsOf(connection, 'SELECT service_id, value FROM service_tokens')
        for (const { service_id: service, value } of tokens) {
          assert.equal(await redis.exists(`service_token/token:${String(value)}/service_id:${String(service)}`), 1)
        }
        const applications = await rowsOf(
          connection,
          "SELECT service_id, application_id, plan_id FROM cinstances WHERE type = 'Cinstance'",
        )
        for (const { service_id: service, application_id: id, plan_id: plan } of applications) {
          assert.equal(
            await redis.get(`application/service_id:${String(service)}/id:${String(id)}/plan_id`),
            String(plan),
          )
        }
        assert.ok((await checkRollUps(redis)) > 10)
      } finally {
        redis.disconnect()
        queues.disconnect()
      }
    })
  })
})

describe('a source world is refused', () => {
  test('in a database that has a table already', async () => {
    await withDatabase('not_empty', async (connection) => {
      await connection.query('CREATE TABLE someone_elses (id int)')
      await assert.rejects(generate('not_empty'), code('WORLD_NOT_EMPTY'))
      assert.equal(
        await numberOf(connection, 'SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()'),
        1,
      )
    })
  })

  test('in PostgreSQL', async () => {
    await assert.rejects(generate('x', { mysql: { ...addressOf('x'), engine: 'postgresql' } }), code('WORLD_ENGINE'))
  })

  test('in a database that does not exist', async () => {
    await assert.rejects(generate('nowhere'), code('WORLD_UNREACHABLE'))
  })

  test('to a user who may not create triggers', async () => {
    await withDatabase('forbidden', async (connection) => {
      await connection.query("CREATE USER limited@'%' IDENTIFIED BY 'limited'")
      await connection.query(
        "GRANT CREATE, DROP, INSERT, SELECT, ALTER, INDEX, REFERENCES ON forbidden.* TO limited@'%'",
      )
      const mysql = { ...addressOf('forbidden'), user: 'limited', password: new Secret('limited') }
      await assert.rejects(generate('forbidden', { mysql }), code('WORLD_PRIVILEGE'))
      assert.equal(
        await numberOf(connection, 'SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()'),
        0,
      )
    })
  })

  test('next to a Redis that has a key already', async () => {
    await withDatabase('redis_full', async (connection) => {
      const redis = new Redis(redisUrl(5))
      await redis.set('someone', 'else')
      redis.disconnect()
      const busy = { url: new Secret(redisUrl(6)), queuesDatabase: 5 }
      await assert.rejects(generate('redis_full', { redis: busy }), code('WORLD_REDIS_NOT_EMPTY'))
      assert.equal(
        await numberOf(connection, 'SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()'),
        0,
      )
    })
  })

  test('half-way, when it is told to stop, with the reason it was given', async () => {
    await withDatabase('stopped', async () => {
      const stop = new AbortController()
      const reason = new Stop('operator')
      const onProgress = (): void => stop.abort(reason)
      await assert.rejects(generate('stopped', { onProgress, signal: stop.signal }), (error) => error === reason)
    })
  })
})

/** Returns how many service counters were compared. */
async function checkRollUps(redis: Redis): Promise<number> {
  const keys = (await redis.keys('stats/{service:*}/*:*')).filter((key) => !/uinstance|city/.test(key))
  const values = await Promise.all(
    keys.map(async (key) => ((await redis.type(key)) === 'string' ? await redis.get(key) : null)),
  )
  const sums = new Map<string, number>()
  const add = (name: string, value: number): void => void sums.set(name, (sums.get(name) ?? 0) + value)
  for (const [i, key] of keys.entries()) {
    const match =
      /^stats\/\{service:(\d+)\}\/(cinstance:[^/]+\/)?((?:metric|response_code):[^/]+)\/(\w+)(?::(\d+))?$/.exec(key)
    const value = values[i]
    if (match === null || value === null || value === undefined) continue
    const [, service = '', application = '', what = '', granularity = '', digits = ''] = match
    const level = application === '' ? 'service' : 'applications'
    add(`${service} ${what} ${granularity} ${level}`, Number(value))
    if (granularity === 'day' || granularity === 'month') {
      add(`${service} ${application} ${what} month ${digits.slice(0, 6)} by ${granularity}`, Number(value))
    }
  }
  let compared = 0
  for (const [name, sum] of sums) {
    if (name.endsWith(' service')) {
      assert.equal(sums.get(name.replace(/service$/, 'applications')), sum, name)
      assert.equal(sums.get(name.replace(/\w+ service$/, 'eternity service')), sum, name)
      compared++
    } else if (name.endsWith('by month')) assert.equal(sums.get(name.replace(/month$/, 'day')), sum, name)
  }
  return compared
}
