import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Redis } from 'ioredis'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { z } from 'zod'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import type { DatabaseAddress } from '../../src/model/database-address.ts'
import type { RedisEndpoint } from '../../src/model/redis-endpoint.ts'
import type { Release } from '../../src/model/release.ts'
import type { SourceWorldReport, SourceWorldRequest } from '../../src/ports/source-world.ts'
import { advancedCounters } from '../../src/simulator/source-world/advanced-counters.ts'
import { edgeCasesOf } from '../../src/simulator/source-world/edge-rows.ts'
import { WorldDatabase } from '../../src/simulator/source-world/connect.ts'
import { LiteralWriter } from '../../src/simulator/source-world/encode-insert.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { wildcardDomain } from '../../src/simulator/source-world/outline.ts'
import { catalogOf } from '../../src/threescale/catalog.ts'
import { tenantTriggerTables } from '../../src/threescale/tenant-rules.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, redis: true })
type Row = Readonly<Record<string, unknown>>
const Config = z.object({
  proxy: z.object({ endpoint: z.string(), policy_chain: z.array(z.object({ name: z.string() })) }),
})
const EventInQueue = z.object({ id: z.number(), object: z.object({ id: z.number() }) })

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

function storage(db: number): RedisEndpoint {
  const { host, port, password } = servers.redis()
  return { host, port, password, db, tls: { kind: 'off' } }
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

    look('has text as it was meant, in whatever alphabet', async (connection) => {
      const [country] = await rowsOf(connection, 'SELECT HEX(name) AS name FROM countries WHERE id = 1')
      assert.equal(country?.['name'], Buffer.from('Česká republika').toString('hex').toUpperCase())
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
      for (const { table, nextId } of advancedCounters) {
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
      const [longest] = await rowsOf(
        connection,
        `SELECT c.content, p.endpoint FROM proxy_configs c JOIN proxies p ON p.id = c.proxy_id ORDER BY LENGTH(content) DESC LIMIT 1`,
      )
      const text = String(longest?.['content'])
      assert.ok(Math.abs(Buffer.byteLength(text) - 2_000_000) < 20_000, `${Buffer.byteLength(text)} bytes`)
      const { proxy } = Config.parse(JSON.parse(text))
      assert.equal(proxy.endpoint, longest?.['endpoint'])
      assert.ok(proxy.policy_chain.length > 10_000)
      assert.equal(proxy.policy_chain.at(-1)?.name, 'apicast')
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
    await withDatabase('literals', async () => {
      const world = await WorldDatabase.open(addressOf('literals'), new AbortController().signal)
      try {
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
            const [row] = await world.send(writer.view(), 'a literal')
            assert.equal(row?.['t'], Buffer.from(text).toString('hex').toUpperCase())
            assert.equal(row?.['b'], Buffer.from(bytes).toString('hex').toUpperCase())
          }),
        )
      } finally {
        await world.close()
      }
    })
  })
})

describe('the backend Redis of a source world', () => {
  let report: SourceWorldReport
  let connection: Connection
  let redis: Redis
  let queues: Redis
  let counters: readonly Counter[]
  before(async () => {
    connection = await newDatabase('with_redis')
    report = await generate('with_redis', { redis: { storage: storage(2), queuesDatabase: 1 } })
    redis = new Redis(redisUrl(2))
    queues = new Redis(redisUrl(1))
    counters = await countersOf(redis)
  })
  after(async () => {
    redis.disconnect()
    queues.disconnect()
    await connection.end()
  })

  /** The first column of each row, ascending. */
  const texts = async (sql: string): Promise<readonly string[]> =>
    (await rowsOf(connection, sql)).map((row) => String(Object.values(row)[0])).toSorted()
  const keys = async (pattern: string): Promise<readonly string[]> => (await redis.keys(pattern)).toSorted()
  /** Each key that fits, with its value, as `key=value`. */
  const strings = async (pattern: string): Promise<readonly string[]> => {
    const found = await keys(pattern)
    const values = found.length === 0 ? [] : await redis.mget(...found)
    return found.map((key, i) => `${key}=${values[i]}`)
  }
  /** Each member of the sets that fit, as `key=member`. */
  const members = async (pattern: string): Promise<readonly string[]> => {
    const found = await keys(pattern)
    const sets = await Promise.all(found.map(async (key) => (await redis.smembers(key)).map((one) => `${key}=${one}`)))
    return sets.flat().toSorted()
  }
  const apps = "FROM cinstances c JOIN services s ON s.id = c.service_id WHERE c.type = 'Cinstance'"

  test('has as many keys as reported, and jobs that wait', async () => {
    assert.equal((await redis.dbsize()) + (await queues.dbsize()), report.keys)
    assert.equal(await queues.llen('resque:queue:priority'), 2)
  })

  test('knows the credentials that MySQL has, and no others', async () => {
    assert.deepEqual(
      await keys('service_token/*'),
      await texts("SELECT CONCAT('service_token/token:', value, '/service_id:', service_id) FROM service_tokens"),
    )
    assert.deepEqual(
      await strings('application/service_id:*/key:*/id'),
      await texts(`SELECT CONCAT('application/service_id:', s.id, '/key:', user_key, '/id=', application_id)
        ${apps} AND s.backend_version = '1'`),
    )
    assert.deepEqual(
      await members('application/service_id:*/keys'),
      await texts(`SELECT CONCAT('application/service_id:', service_id, '/id:', c.application_id, '/keys=', k.value)
        FROM application_keys k JOIN cinstances c ON c.id = k.application_id`),
    )
    // A tenant's provider key is the user key of its application at the master.
    const providers = `SELECT c.user_key FROM cinstances c JOIN services s ON s.id = c.service_id
      JOIN accounts m ON m.id = s.account_id AND m.master = 1 WHERE c.type = 'Cinstance'`
    assert.deepEqual((await redis.smembers('provider_keys_set')).toSorted(), await texts(providers))
    assert.deepEqual(
      await members('service/provider_key:*/ids'),
      await texts(`SELECT CONCAT('service/provider_key:', c.user_key, '/ids=', own.id) FROM cinstances c
        JOIN services s ON s.id = c.service_id JOIN accounts m ON m.id = s.account_id AND m.master = 1
        JOIN services own ON own.account_id = c.user_account_id WHERE c.type = 'Cinstance'`),
    )
  })

  test('knows the applications, filters, limits and alert levels that MySQL has', async () => {
    assert.deepEqual(
      await strings('application/service_id:*/plan_id'),
      await texts(
        `SELECT CONCAT('application/service_id:', s.id, '/id:', application_id, '/plan_id=', plan_id) ${apps}`,
      ),
    )
    assert.deepEqual(
      await members('application/service_id:*/referrer_filters'),
      await texts(`SELECT CONCAT('application/service_id:', service_id, '/id:', c.application_id, '/referrer_filters=', f.value)
        FROM referrer_filters f JOIN cinstances c ON c.id = f.application_id`),
    )
    assert.deepEqual(
      await strings('usage_limit/*'),
      await texts(`SELECT CONCAT('usage_limit/service_id:', p.issuer_id, '/plan_id:', p.id, '/metric_id:', l.metric_id, '/', l.period, '=', l.value)
        FROM usage_limits l JOIN plans p ON p.id = l.plan_id`),
    )
    const allowed = (await rowsOf(connection, 'SELECT id, notification_settings AS settings FROM services')).flatMap(
      ({ id, settings }) => {
        const levels = new Set(Array.from(String(settings).matchAll(/^- (\d+)$/gm), ([, level]) => level))
        return [...levels].map((level) => `alerts/service_id:${String(id)}/allowed_set=${level}`)
      },
    )
    assert.deepEqual(await members('alerts/service_id:*/allowed_set'), allowed.toSorted())
    const strays = (await rowsOf(connection, 'SELECT service_id, level FROM alerts')).filter(
      ({ service_id: service, level }) =>
        !allowed.includes(`alerts/service_id:${String(service)}/allowed_set=${String(level)}`),
    )
    assert.deepEqual(strays, [])
  })

  test('numbers its events and alerts on from those in MySQL', async () => {
    const [last, lastAlert] = [
      await numberOf(connection, 'SELECT MAX(id) FROM backend_events'),
      await numberOf(connection, 'SELECT MAX(alert_id) FROM alerts'),
    ]
    const queue = (await redis.zrange('events/queue', '0', '-1')).map((text) => EventInQueue.parse(JSON.parse(text)))
    assert.ok(queue.length > 0)
    assert.deepEqual(
      queue.map((event) => [event.id, event.object.id]),
      queue.map((_, i) => [last + 1 + i, lastAlert + 1 + i]),
    )
    assert.equal(Number(await redis.get('events/id')), last + queue.length)
    assert.equal(Number(await redis.get('alerts/current_id')), lastAlert + queue.length)
  })

  test('has counted the applications whose first traffic MySQL knows, from that moment on, and no others', async () => {
    const seen = await texts(
      `SELECT CONCAT('stats/{service:', s.id, '}/cinstances=', application_id) ${apps} AND first_traffic_at IS NOT NULL`,
    )
    assert.ok(seen.length > 10)
    assert.deepEqual(await members('stats/*/cinstances'), seen)
    const counted = counters.map(({ service, application }) => `stats/{service:${service}}/cinstances=${application}`)
    assert.deepEqual([...new Set(counted)].filter((name) => !name.endsWith('=')).toSorted(), seen)
    const since = new Map(
      (
        await rowsOf(
          connection,
          `SELECT application_id AS id, DATE_FORMAT(first_traffic_at, '%Y%m%d') AS day ${apps} AND first_traffic_at IS NOT NULL`,
        )
      ).map(({ id, day }) => [String(id), String(day)]),
    )
    const firstDays = new Map<string, string>()
    for (const { application, granularity, digits } of counters) {
      if (granularity !== 'day' || application === '') continue
      const known = firstDays.get(application)
      if (known === undefined || digits < known) firstDays.set(application, digits)
    }
    assert.deepEqual(firstDays, new Map([...firstDays.keys()].map((id) => [id, since.get(id)])))
  })

  test('has counters that roll up: applications to services, days to weeks and months, months to years, methods to metrics', async () => {
    const parents = new Map(
      (await rowsOf(connection, 'SELECT id, parent_id FROM metrics WHERE parent_id IS NOT NULL')).map(
        ({ id, parent_id: parent }) => [`metric:${String(id)}`, `metric:${String(parent)}`],
      ),
    )
    assertRollUps(counters, parents)
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
      const busy = { storage: storage(6), queuesDatabase: 5 }
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

interface Counter {
  readonly service: string
  /** Empty for a counter of the service itself. */
  readonly application: string
  readonly what: string
  readonly granularity: string
  readonly digits: string
  readonly value: number
}

async function countersOf(redis: Redis): Promise<readonly Counter[]> {
  const form = /^stats\/\{service:(\d+)\}\/(?:cinstance:([^/]+)\/)?((?:metric|response_code):[^/]+)\/(\w+)(?::(\d+))?$/
  const keys = (await redis.keys('stats/{service:*}/*')).filter((key) => form.test(key))
  const values = await redis.mget(...keys)
  return keys.map((key, i) => {
    const [, service = '', application = '', what = '', granularity = '', digits = ''] = form.exec(key) ?? []
    return { service, application, what, granularity, digits, value: Number(values[i]) }
  })
}

function assertRollUps(counters: readonly Counter[], parents: ReadonlyMap<string, string>): void {
  const sumsBy = (nameOf: (counter: Counter) => string | null): ReadonlyMap<string, number> => {
    const sums = new Map<string, number>()
    for (const counter of counters) {
      const name = nameOf(counter)
      if (name !== null) sums.set(name, (sums.get(name) ?? 0) + counter.value)
    }
    return sums
  }
  const sameSums = (what: string, one: (c: Counter) => string | null, other: (c: Counter) => string | null): void => {
    const sums = sumsBy(one)
    assert.ok(sums.size > 10, what)
    assert.deepEqual(sumsBy(other), sums, what)
  }
  const of = (granularity: string, nameOf: (counter: Counter) => string) => (counter: Counter) =>
    counter.granularity === granularity ? nameOf(counter) : null
  const owner = ({ service, application, what }: Counter): string => `${service} ${application} ${what}`

  const kept = ['eternity', 'month', 'week', 'day', 'hour']
  const periodOf = (ofService: boolean) => (counter: Counter) =>
    kept.includes(counter.granularity) && (counter.application === '') === ofService
      ? `${counter.service} ${counter.what} ${counter.granularity} ${counter.digits}`
      : null
  sameSums('a service has what its applications have', periodOf(true), periodOf(false))
  sameSums('eternity is all days', of('eternity', owner), of('day', owner))
  sameSums('days are all hours', of('day', owner), of('hour', owner))
  const byMonth = (counter: Counter): string => `${owner(counter)} ${counter.digits.slice(0, 6)}`
  sameSums('a month is its days', of('month', byMonth), of('day', byMonth))
  const byWeek = (counter: Counter): string => `${owner(counter)} ${mondayOf(counter.digits)}`
  sameSums('a week is its days', of('week', byWeek), of('day', byWeek))
  // Years are kept of applications only.
  const byYear = (granularity: string) => (counter: Counter) =>
    counter.granularity === granularity && counter.application !== ''
      ? `${owner(counter)} ${counter.digits.slice(0, 4)}`
      : null
  sameSums('a year is its months', byYear('year'), byYear('month'))

  const values = sumsBy((counter) => `${owner(counter)} ${counter.granularity} ${counter.digits}`)
  let methods = 0
  for (const counter of counters) {
    const parent = parents.get(counter.what)
    if (parent === undefined) continue
    methods++
    const name = `${owner({ ...counter, what: parent })} ${counter.granularity} ${counter.digits}`
    assert.ok((values.get(name) ?? 0) >= counter.value, `${name} includes its method`)
  }
  assert.ok(methods > 10)
}

function mondayOf(digits: string): string {
  const day = new Date(`${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}T00:00:00Z`)
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7))
  return day.toISOString().slice(0, 10)
}
