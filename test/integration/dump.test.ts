import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { localPrograms } from '../../src/adapters/programs/local-programs.ts'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { Stop } from '../../src/base/stop.ts'
import type { DatabaseAddress } from '../../src/model/database-address.ts'
import { Secret } from '../../src/base/secret.ts'
import { dumpMover } from '../../src/movers/dump/mover.ts'
import type { DumpMover, DumpReceipt, DumpRequest, LoadRequest } from '../../src/ports/dump.ts'
import { freshDatabases, freshPostgresPair } from '../support/databases.ts'
import { startServer, temporaryFolder, withServers } from '../support/servers.ts'
import { systemPostgresPrograms } from '../support/system-postgres.ts'

const { signal } = new AbortController()
const root = temporaryFolder()
after(() => rmSync(root, { recursive: true, force: true }))
let number = 0
let dir = ''
beforeEach(() => {
  dir = join(root, `case-${number++}`)
  mkdirSync(dir)
})

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error = await work.then(
    () => assert.fail('it worked'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof Fault, String(error))
  return error
}

/** Programs of the search path, where one may be replaced by a shell script that is put before it. */
function moverWith(scripts: Readonly<Record<string, string>> = {}): DumpMover {
  const folder = join(dir, 'programs')
  mkdirSync(folder, { recursive: true })
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return dumpMover(localPrograms(folder), systemClock)
}

function dumping(from: DatabaseAddress, changes: Partial<DumpRequest> = {}): DumpRequest {
  return { from, file: join(dir, 'dump.sql'), onProgress: () => undefined, signal, ...changes }
}

function loading(into: DatabaseAddress, receipt: DumpReceipt, changes: Partial<LoadRequest> = {}): LoadRequest {
  return {
    file: join(dir, 'dump.sql'),
    receipt,
    into,
    emptyFirst: false,
    onProgress: () => undefined,
    signal,
    ...changes,
  }
}

/** Replaces some of a dump's text and makes a receipt for what it is then, as if it had been made so. */
function rewrite(receipt: DumpReceipt, change: (text: string) => string): DumpReceipt {
  const text = Buffer.from(change(readFileSync(join(dir, 'dump.sql'), 'latin1')), 'latin1')
  writeFileSync(join(dir, 'dump.sql'), text)
  return { ...receipt, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') }
}

const manyRows = `CREATE TABLE accounts (id bigint PRIMARY KEY, org_name text NOT NULL);
  INSERT INTO accounts SELECT n, 'tenant ' || n || repeat('x', 100) FROM generate_series(1, 20000) n`

describe('a dump of PostgreSQL', () => {
  let server: LocalServer
  const servers = { postgres: () => server }
  before(async () => {
    server = await startServer('postgres', { dir: join(root, 'pg'), binaries: systemPostgresPrograms() })
  })
  after(() => server.stop())

  test('is whole, and loads into an empty database as it was', async () => {
    const { source, target, onSource, onTarget } = await freshPostgresPair(servers)
    await onSource(manyRows)
    const receipt = await moverWith().dump(dumping(source))
    assert.equal(receipt.format, 'postgres')
    assert.match(receipt.program, /^pg_dump version \d+/)
    assert.equal(readFileSync(join(dir, 'dump.sql')).length, receipt.bytes)
    const report = await moverWith().load(loading(target, receipt))
    assert.equal(report.tables, 1)
    const digest = `SELECT md5(string_agg(a::text, ',' ORDER BY id)) FROM public.accounts a`
    assert.deepEqual(await onTarget(digest), await onSource(digest))
    assert.equal((await faultOf(moverWith().load(loading(target, receipt)))).code, 'DUMP_TARGET_NOT_EMPTY')
    await onTarget('CREATE TABLE only_of_the_newer_release (id int)')
    assert.equal((await moverWith().load(loading(target, receipt, { emptyFirst: true }))).tables, 1)
  })

  test('finds an empty database where one was emptied: every schema is gone', async () => {
    const { target, onTarget } = await freshPostgresPair(servers)
    await onTarget(manyRows, 'CREATE SCHEMA other', 'CREATE TABLE other.t (id int)')
    for (let time = 0; time < 2; time++) await moverWith().empty({ database: target, signal })
    const schemas = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
    assert.deepEqual(await onTarget(schemas), [['public']])
    assert.deepEqual(await onTarget("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"), [])
  })

  test('that was cut off and yet exited with 0 is no dump', async () => {
    const { source, onSource } = await freshPostgresPair(servers)
    await onSource(manyRows)
    const real = join(systemPostgresPrograms(), 'pg_dump')
    const cut = moverWith({ pg_dump: `${real} "$@" | head -c 100000; exit 0` })
    assert.equal((await faultOf(cut.dump(dumping(source)))).code, 'DUMP_CUT')
    assert.deepEqual(readdirSync(dir), ['programs'], 'nothing of the name is left')
    const failing = moverWith({ pg_dump: `${real} "$@"; exit 1` })
    assert.equal((await faultOf(failing.dump(dumping(source)))).code, 'DUMP_PROGRAM_FAILED')
  })

  test('of the right name and an older state is not the one that is meant', async () => {
    const { source, target, onSource, onTarget } = await freshPostgresPair(servers)
    await onSource(manyRows)
    await moverWith().dump(dumping(source, { file: join(dir, 'older.sql') }))
    await onSource(`UPDATE accounts SET org_name = 'new' WHERE id = 1`)
    const receipt = await moverWith().dump(dumping(source))
    writeFileSync(join(dir, 'dump.sql'), readFileSync(join(dir, 'older.sql')))
    assert.equal((await faultOf(moverWith().load(loading(target, receipt)))).code, 'DUMP_NOT_THE_ONE')
    truncateSync(join(dir, 'dump.sql'), 50_000)
    assert.equal((await faultOf(moverWith().load(loading(target, receipt)))).code, 'DUMP_CUT')
    assert.deepEqual(await onTarget("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), [['0']])
    const fault = await faultOf(moverWith().dump(dumping(source)))
    assert.equal(fault.code, 'DUMP_FILE_THERE')
  })

  test('stops at the first error, and leaves the database as it was; no row is in the message', async () => {
    const { source, target, onSource, onTarget } = await freshPostgresPair(servers)
    await onSource(manyRows)
    const receipt = await moverWith().dump(dumping(source))
    const twice = rewrite(receipt, (text) => text.replace('\n2\ttenant 2x', '\n1\ttenant-marked-row'))
    await onTarget('CREATE TABLE kept (id int)', 'INSERT INTO kept VALUES (7)')
    const fault = await faultOf(moverWith().load(loading(target, twice, { emptyFirst: true })))
    assert.equal(fault.code, 'DUMP_LOAD_FAILED')
    assert.equal(fault.details['code'], '23505')
    assert.ok(!JSON.stringify([fault.message, fault.details, String(fault.cause)]).includes('marked-row'))
    assert.deepEqual(await onTarget('SELECT id FROM kept'), [['7']], 'the emptying was rolled back as well')
  })

  test('that psql takes only a part of is not loaded', async () => {
    const { source, target, onSource, onTarget } = await freshPostgresPair(servers)
    await onSource(manyRows)
    const receipt = await moverWith().dump(dumping(source))
    const real = join(systemPostgresPrograms(), 'psql')
    const cut = moverWith({ psql: `head -c 200000 | ${real} "$@"; exit 0` })
    assert.equal((await faultOf(cut.load(loading(target, receipt)))).code, 'DUMP_LOAD_FAILED')
    assert.deepEqual(await onTarget(`SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`), [['0']])
  })

  test('is aborted without leaving anything', async () => {
    const { source, target, onSource, onTarget } = await freshPostgresPair(servers)
    await onSource(manyRows)
    const receipt = await moverWith().dump(dumping(source))
    for (const work of ['dump', 'load'] as const) {
      const controller = new AbortController()
      const stopping = { signal: controller.signal, onProgress: () => controller.abort(new Stop('operator')) }
      const file = join(dir, 'aborted.sql')
      const running =
        work === 'dump'
          ? moverWith().dump(dumping(source, { ...stopping, file }))
          : moverWith().load(loading(target, receipt, stopping))
      await assert.rejects(running, new Stop('operator'))
    }
    assert.deepEqual(readdirSync(dir).toSorted(), ['dump.sql', 'programs'])
    assert.deepEqual(await onTarget(`SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`), [['0']])
  })

  test('never has its password among the arguments, in the environment, or in a message', async () => {
    const { source, onSource } = await freshPostgresPair(servers)
    const password = 'mark:ed\\pass word'
    await onSource(`CREATE ROLE hidden LOGIN SUPERUSER PASSWORD '${password}'`)
    const real = join(systemPostgresPrograms(), 'pg_dump')
    const seen = join(dir, 'seen')
    const spying = moverWith({
      pg_dump: `{ printf '%s\\n' "$@"; env; stat -c %a "$PGPASSFILE"; } > ${seen}; exec ${real} "$@"`,
    })
    await spying.dump(dumping({ ...source, user: 'hidden', password: new Secret(password) }))
    const shown = readFileSync(seen, 'utf8')
    assert.ok(!shown.includes('mark:ed') && !shown.includes('mark\\:ed'), shown)
    assert.match(shown, /^600$/m)
    const wrong = { ...source, user: 'hidden', password: new Secret('wrong-marked-one') }
    const fault = await faultOf(moverWith().dump(dumping(wrong, { file: join(dir, 'other.sql') })))
    assert.equal(fault.code, 'DUMP_PROGRAM_FAILED')
    assert.match(fault.message, /refuses user or password/)
    assert.ok(!JSON.stringify([fault.message, fault.details, String(fault.cause)]).includes('wrong-marked-one'))
  })
})

describe('a dump of MySQL', () => {
  const servers = withServers({ mariadb: true, postgres: true })
  const tables = [
    'CREATE TABLE accounts (id bigint PRIMARY KEY, org_name varchar(255)) CHARACTER SET utf8mb4',
    "INSERT INTO accounts VALUES (1, 'Größe €'), (2, 'x')",
    'CREATE TABLE log (id int)',
    'CREATE TRIGGER t BEFORE INSERT ON accounts FOR EACH ROW SET NEW.org_name = UPPER(NEW.org_name)',
  ]

  test('is whole with its triggers, and loads as it was', async () => {
    const from = await freshDatabases(servers)
    const to = await freshDatabases(servers)
    await from.mysql(...tables)
    const receipt = await moverWith().dump(dumping(from.source))
    assert.match(receipt.program, /^MariaDB dump/)
    const report = await moverWith().load(loading(to.source, receipt))
    assert.equal(report.tables, 2)
    await to.mysql("INSERT INTO accounts VALUES (3, 'later')")
    assert.deepEqual(await to.mysql('SELECT id, org_name FROM accounts ORDER BY id'), [
      ['1', 'Größe €'],
      ['2', 'x'],
      ['3', 'LATER'],
    ])
    assert.equal((await faultOf(moverWith().load(loading(to.source, receipt)))).code, 'DUMP_TARGET_NOT_EMPTY')
    assert.equal((await moverWith().load(loading(to.source, receipt, { emptyFirst: true }))).tables, 2)
    const mismatch = loading(to.target, receipt)
    assert.equal((await faultOf(moverWith().load(mismatch))).code, 'DUMP_OTHER_ENGINE')
  })

  test('that was cut off and yet exited with 0 is no dump', async () => {
    const { source, mysql } = await freshDatabases(servers)
    await mysql(...tables)
    const cut = moverWith({ mysqldump: `/usr/bin/env -i PATH=/usr/bin:/bin mysqldump "$@" | head -c 1500; exit 0` })
    assert.equal((await faultOf(cut.dump(dumping(source)))).code, 'DUMP_CUT')
    assert.deepEqual(readdirSync(dir), ['programs'])
  })

  test('stops at the first error, and what it had loaded is taken away', async () => {
    const from = await freshDatabases(servers)
    const to = await freshDatabases(servers)
    await from.mysql(...tables)
    const receipt = await moverWith().dump(dumping(from.source))
    const broken = rewrite(receipt, (text) => text.replace('CREATE TABLE `log`', 'CREATE TABEL `log`'))
    const fault = await faultOf(moverWith().load(loading(to.source, broken)))
    assert.equal(fault.code, 'DUMP_LOAD_FAILED')
    assert.equal(fault.details['code'], '1064')
    assert.deepEqual(await to.mysql('SHOW TABLES'), [])
    const charset = 'SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = DATABASE()'
    assert.deepEqual(await to.mysql(charset), [['utf8mb3']])
    await to.mysql(...tables)
    for (let time = 0; time < 2; time++) await moverWith().empty({ database: to.source, signal })
    assert.deepEqual(await to.mysql('SHOW TABLES'), [])
    assert.deepEqual(await to.mysql(charset), [['utf8mb3']], 'an emptied database keeps its character set')
  })

  test('that mysql takes only a part of leaves nothing that could be taken for the whole', async () => {
    const from = await freshDatabases(servers)
    const to = await freshDatabases(servers)
    await from.mysql(...tables)
    const receipt = await moverWith().dump(dumping(from.source))
    const half =
      'case "$*" in *--binary-mode*) head -c 1500 | /usr/bin/env -i PATH=/usr/bin:/bin mysql "$@"; exit 0;; esac'
    assert.equal((await faultOf(moverWith({ mysql: half }).load(loading(to.source, receipt)))).code, 'DUMP_LOAD_FAILED')
    assert.deepEqual(await to.mysql('SHOW TABLES'), [])
  })

  test('never has its password among the arguments, whatever is in it', async () => {
    const { source, mysql } = await freshDatabases(servers)
    const password = 'ma"r\\k;ed #pass\'word'
    await mysql(
      ...tables,
      `CREATE USER hidden IDENTIFIED BY '${password.replaceAll(/['\\]/g, '\\$&')}'`,
      'GRANT ALL ON *.* TO hidden',
    )
    const seen = join(dir, 'seen')
    const spying = moverWith({ mysqldump: `{ printf '%s\\n' "$@"; env; } >> ${seen}; exec /usr/bin/mysqldump "$@"` })
    await spying.dump(dumping({ ...source, user: 'hidden', password: new Secret(password) }))
    assert.ok(!/ma"r/.test(readFileSync(seen, 'utf8')))
  })
})
